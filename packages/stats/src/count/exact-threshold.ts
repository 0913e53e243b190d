import { logSumExp } from '../numeric/log-space.ts'
import { requireBetween } from '../refusal.ts'
import { gridOf } from './grids.ts'

/** A test of arrivals at a share that never changes, over a number of events fixed before. */
export interface FiniteHorizon {
  /** Canary's share, 0..1, of the units or requests that could have the event; the same in every slot. */
  readonly share: number
  /** After so many events of both versions the test ends undecided. At most 20 000. */
  readonly horizonEvents: number
}

/** A threshold for ln of the evidence, and what it costs. */
export interface ExactThreshold {
  /** Alarm when the harm test without restarts (grid `ratios-24`, `harmFrom` 1) reaches this. */
  readonly threshold: number
  /** The chance, at most alpha, that a harmless canary ever reaches it within the horizon, looked at after every event. */
  readonly chance: number
}

const MOST_EVENTS = 20_000
/** Paths less likely than this part of exp(-threshold) are no longer followed but counted as alarms: together at most a millionth of it. */
const DUST = 1e-12
const PRECISION = 1e-4

function check({ share, horizonEvents }: FiniteHorizon): void {
  requireBetween('share', share, 0, 1)
  if (!(Number.isInteger(horizonEvents) && horizonEvents >= 1 && horizonEvents <= MOST_EVENTS))
    throw new RangeError(`horizonEvents must be a whole number from 1 to ${MOST_EVENTS}, got ${horizonEvents}`)
}

/**
 * The lowest threshold that keeps the chance of a false alarm at alpha within the horizon. Ville's ln(1/alpha) holds for ever and for any share; who
 * knows both may stop earlier, at about a tenth fewer requests. Given the events each is the canary's with the same chance, so the chance is a sum over
 * paths of coins; fewer looks, or a canary that is better than stable, only lower it. RangeError for bad options.
 */
export function exactThreshold(horizon: FiniteHorizon, alpha: number): ExactThreshold {
  check(horizon)
  requireBetween('alpha', alpha, 0, 1)
  let low = 0
  let high = Math.log(1 / alpha)
  let chance = chanceToReach(horizon, high)
  while (high - low > PRECISION) {
    const middle = (low + high) / 2
    const here = chanceToReach(horizon, middle)
    if (here <= alpha) [high, chance] = [middle, here]
    else low = middle
  }
  return { threshold: high, chance }
}

/** The chance that a harmless canary (odds as by the share) ever reaches the threshold within the horizon; exact to six digits, and never too low. */
export function chanceToReach(horizon: FiniteHorizon, threshold: number): number {
  check(horizon)
  if (Number.isNaN(threshold)) throw new RangeError('threshold must be a number')
  // The evidence starts at 0.
  if (threshold <= 0) return 1
  const dust = DUST * Math.exp(-threshold)
  const { share, horizonEvents } = horizon
  const evidence = evidenceAt(share)
  // How many canary events are reached with which chance, without an alarm so far.
  let alive = new Float64Array(horizonEvents + 2)
  let next = new Float64Array(horizonEvents + 2)
  alive[0] = 1
  let [lowest, highest, bound, reached] = [0, 0, 1, 0]
  for (let events = 1; events <= horizonEvents; events += 1) {
    // The least number of canary events that is an alarm never falls with the number of events.
    while (bound <= events && evidence(bound, events) < threshold) bound += 1
    next.fill(0, lowest, highest + 2)
    let [from, to] = [highest + 1, lowest]
    for (let canary = lowest; canary <= highest; canary += 1) {
      const mass = alive[canary] ?? 0
      if (mass < dust) {
        reached += mass
        continue
      }
      next[canary] = (next[canary] ?? 0) + mass * (1 - share)
      from = Math.min(from, canary)
      to = Math.max(to, canary)
      if (canary + 1 >= bound && bound <= events) reached += mass * share
      else {
        next[canary + 1] = mass * share
        to = Math.max(to, canary + 1)
      }
    }
    ;[alive, next] = [next, alive]
    ;[lowest, highest] = [from, to]
    if (from > to) break
  }
  return reached
}

/** ln of the evidence of the harm test after `canary` of `events` events. */
function evidenceAt(share: number): (canary: number, events: number) => number {
  const { offsets, logWeights } = gridOf('ratios-24', 0)
  const norms = offsets.map((offset) => Math.log1p(share * Math.expm1(offset)))
  return (canary, events) =>
    logSumExp(offsets.map((offset, i) => (logWeights[i] ?? 0) + canary * offset - events * (norms[i] ?? 0)))
}
