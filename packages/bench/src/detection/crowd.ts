import { normal, type Uniform } from '@serin/stats/seeded'
import type { Temper, UserScenario } from './scenarios.ts'

/** Users with their own pace, temper and version. */
export interface Crowd {
  /** Requests per second of each user; they sum to `crowdPerSecond`. */
  readonly pace: Float64Array
  /** Where each user's part of the traffic ends, 0..1. */
  readonly until: Float64Array
  /** Chance that a request of this user fails, on the version that serves them. */
  readonly failure: Float64Array
  /** The same had they stayed on stable. */
  readonly failureBefore: Float64Array
  /** 1 for users of the canary. */
  readonly canary: Uint8Array
}

/** How many users there are, how fast they are together, and how many of them the canary gets. */
export const crowdSize = 20_000
/** Requests per second of all users together. */
export const crowdPerSecond = 200
/** Probability that a user is on the canary. */
export const crowdShare = 0.05
const paceSigma = 1.5

/** Draws a crowd: pace, temper and version of each user, in this order. */
export function drawCrowd({ stable, canary }: Pick<UserScenario, 'stable' | 'canary'>, uniform: Uniform): Crowd {
  const crowd = {
    pace: new Float64Array(crowdSize),
    until: new Float64Array(crowdSize),
    failure: new Float64Array(crowdSize),
    failureBefore: new Float64Array(crowdSize),
    canary: new Uint8Array(crowdSize),
  }
  let all = 0
  for (let user = 0; user < crowdSize; user += 1) {
    const pace = Math.exp(paceSigma * normal(uniform))
    crowd.pace[user] = pace
    all += pace
    const temper = uniform()
    const on = uniform() < crowdShare
    crowd.canary[user] = on ? 1 : 0
    // The same draw decides about both versions: who is fragile stays fragile.
    crowd.failureBefore[user] = temperOf(stable, temper)
    crowd.failure[user] = temperOf(on ? canary : stable, temper)
  }
  let until = 0
  for (let user = 0; user < crowdSize; user += 1) {
    until += (crowd.pace[user] ?? 0) / all
    crowd.until[user] = until
    crowd.pace[user] = ((crowd.pace[user] ?? 0) / all) * crowdPerSecond
  }
  return crowd
}

function temperOf(tempers: readonly Temper[], at: number): number {
  let rest = at
  for (const { weight, failure } of tempers) {
    if (rest < weight) return failure
    rest -= weight
  }
  return tempers.at(-1)?.failure ?? 0
}

/** Whose request comes next. */
export function nextUser({ until }: Crowd, uniform: Uniform): number {
  const at = uniform()
  let [low, high] = [0, until.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((until[middle] ?? 1) < at) low = middle + 1
    else high = middle
  }
  return low
}
