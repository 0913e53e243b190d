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
 * not as many as there are users, so no single second may decide. What was cut off is not made up for later, but evidence to the contrary is set
 * against it first: a stall that is over leaves no debt behind that would hide real harm. The result never lies above the e-process, so it is one
 * (docs/decisions/0016-no-second-decides.md).
 */
export function paced(before: PacedEvidence, rawLogE: number, durationMs: number): PacedEvidence {
  const step = rawLogE - before.rawLogE
  const cut = Math.max(0, step - (logPerSecond * durationMs) / 1_000)
  const debt = Math.max(0, before.rawLogE - before.logE + Math.min(0, step)) + cut
  return { rawLogE, logE: rawLogE - debt }
}
