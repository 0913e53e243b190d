import type { Judgement, MetricReading } from '@serin/spec'

/** Slots are at most this long, and each is a look. */
const lookMs = 1_000
/** Below this evidence a guess from its growth would be one from nothing. */
const leastLogE = 0.25

/**
 * When the evidence decides if it goes on growing as it has since canary got traffic: until all guardrails are safe, and until harm is proved. Null where it does
 * not grow. A guess to plan a coffee by; e-processes wander.
 */
export function readNext(
  guards: readonly MetricReading[],
  harm: { readonly logE: number; readonly threshold: number },
  watchedMs: number,
): NonNullable<Judgement['next']> {
  const rest = ({ logE, threshold }: typeof harm): number | null =>
    logE >= threshold ? 0 : logE < leastLogE ? null : Math.round(watchedMs * (threshold / logE - 1))
  const each = guards.map(({ safety }) => rest(safety))
  const safeMs = each.length === 0 || each.includes(null) ? null : Math.max(...each.map((ms) => ms ?? 0))
  return { lookMs, safeMs, harmMs: rest(harm) }
}
