/** Evidence that cannot grow faster than a pace. Both are natural logs. */
export interface PacedEvidence {
  /** The e-process as it is. */
  readonly rawLogE: number
  /** The same with each step up cut to the pace: what decides. */
  readonly logE: number
}

/** A factor e in a second: from nothing to 1 in 100 takes five of them, to 1 in 10,000 nine. */
const logPerSecond = 1

/** No evidence. */
export const notPacedYet: PacedEvidence = { rawLogE: 0, logE: 0 }

/**
 * Takes in where the e-process is after a slot. When a replica stalls for a moment, all its users of that moment are slow together: one event,
 * not as many as there are users, so no single second may decide. Cutting a step of an e-process keeps it one: the cut step is never larger
 * than the whole one, whose expectation is at most 1 (docs/decisions/0016-no-second-decides.md).
 */
export function paced(before: PacedEvidence, rawLogE: number, durationMs: number): PacedEvidence {
  const step = Math.min(rawLogE - before.rawLogE, (logPerSecond * durationMs) / 1_000)
  return { rawLogE, logE: before.logE + step }
}
