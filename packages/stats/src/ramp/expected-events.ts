import { logSumExp } from '../numeric/log-space.ts'
import { isCount, requireBetween } from '../refusal.ts'

/** How far below 1 the bets on "fewer came than were due" lie: from a tenth of a percent (many events) to nearly all (none came). */
const gaps: readonly number[] = Array.from({ length: 32 }, (_, i) => 0.001 * (0.99 / 0.001) ** (i / 31))
// Large gaps decide while events are few, and few are the rule: they get more of the stake.
const total = gaps.reduce((sum, gap) => sum + Math.sqrt(gap), 0)
const logWeights: readonly number[] = gaps.map((gap) => Math.log(Math.sqrt(gap) / total))

/**
 * How many events were due at most, in expectation, when so many came: the sum of the chances of all trials so far lies at or below it, at all times
 * together, with probability 1 - alpha, however the chances change from trial to trial. r^N exp((1-r)A) has expectation at most 1 for a sum of chances A
 * and every r below 1 (the exponential supermartingale of a counting process); this is the A at which a fixed mixture over r reaches 1/alpha.
 * RangeError for what is no count.
 */
export function expectedEventsUpTo(events: number, alpha: number): number {
  requireBetween('alpha', alpha, 0, 1)
  if (!isCount(events)) throw new RangeError(`events must be a count, got ${events}`)
  const capital = (due: number): number =>
    logSumExp(gaps.map((gap, i) => (logWeights[i] ?? 0) + events * Math.log1p(-gap) + gap * due))
  const wanted = Math.log(1 / alpha)
  let low = events
  let high = events + 10
  while (capital(high) < wanted) high = events + 2 * (high - events)
  while (high - low > 1e-9 * (1 + high)) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) break
    if (capital(middle) < wanted) low = middle
    else high = middle
  }
  return high
}
