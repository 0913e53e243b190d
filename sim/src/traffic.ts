import type { Chance } from './seeded.ts'

/** Who sends the requests; the same people whatever version serves them. */
export interface Population {
  readonly users: number
  /** Spread of how busy users are: σ of the logarithm. 0 = all alike, 1.5 = one in a hundred sends a fifth of everything. */
  readonly activitySigma: number
  /** Share of the users who meet far more errors than the others, on every version. */
  readonly fragileRatio: number
  /** Share of the requests that come from somebody nobody has seen before. */
  readonly newcomerRatio: number
}

/** How a version answers. */
export interface Behaviour {
  /** Chance that a request fails. */
  readonly errorRatio: number
  /** The same for fragile users. */
  readonly fragileErrorRatio: number
  readonly medianMs: number
  readonly sigma: number
  /** Share of the requests that are `slowFactor` times slower. */
  readonly slowRatio: number
  readonly slowFactor: number
  /** Chance that a true label, when it comes, says that the answer was wrong; null when nobody labels. */
  readonly wrongRatio: number | null
  /** Latency is up to three times as high while a replica is younger than this. */
  readonly coldMs: number
  /** Spread of how fast the replicas are, by luck and not by code: σ of the logarithm. */
  readonly replicaSigma: number
  /** Part of its answers that are other than stable's; none if absent. */
  readonly differentRatio?: number
}

/** What the world does around the versions. */
export interface Surroundings {
  readonly requestsPerSecond: number
  /** Null: each request is a unit of its own. */
  readonly population: Population | null
  /** Errors, latency and load of all versions rise and fall together by this ratio. */
  readonly drift: { readonly ratio: number; readonly periodMs: number } | null
  /** Traffic comes and goes: `onMs` with, `offMs` without. */
  readonly bursts: { readonly onMs: number; readonly offMs: number } | null
  /** Requests in a second that one replica takes, whatever its version; it turns the others away. Absent: all. */
  readonly capacityPerSecond?: number
  /** How long a true label takes; only part of the requests get one. */
  readonly labels: { readonly ratio: number; readonly meanDelayMs: number } | null
}

/** A user as the model knows one. */
export interface User {
  readonly id: string
  readonly fragile: boolean
}

/** Draws who sends the next request. */
export interface Senders {
  next(): User | null
}

/** A crowd in which some are far busier than others. */
export function createSenders(population: Population | null, chance: Chance): Senders {
  if (population === null) return { next: () => null }
  const { users, activitySigma, fragileRatio, newcomerRatio } = population
  // Other names in every world, so that another part of the crowd meets the canary.
  const family = chance.below(2 ** 32).toString(36)
  const person = (id: string): User => ({ id: `${family}.${id}`, fragile: chance.happens(fragileRatio) })
  const known = Array.from({ length: users }, (_, i) => person(`u${i}`))
  let total = 0
  const cumulated = Float64Array.from(known, () => (total += chance.lognormal(1, activitySigma)))
  let newcomers = 0
  return {
    next() {
      if (chance.happens(newcomerRatio)) {
        newcomers += 1
        return person(`n${newcomers}`)
      }
      return known[placeOf(cumulated, chance.uniform() * total)] ?? null
    },
  }
}

/** How much of everything there is at a time, all versions alike: around 1. */
export function driftAt(surroundings: Surroundings, steadyMs: number): number {
  const { drift } = surroundings
  return drift === null ? 1 : 1 + drift.ratio * Math.sin((2 * Math.PI * steadyMs) / drift.periodMs)
}

/** Whether there is any traffic at a time. */
export function isBusy({ bursts }: Surroundings, steadyMs: number): boolean {
  return bursts === null || steadyMs % (bursts.onMs + bursts.offMs) < bursts.onMs
}

/** How one request ends: after `tookMs`, well or not. */
export interface Answered {
  readonly tookMs: number
  readonly failed: boolean
}

/** The replica that answers: how long it has been ready, and how slow it happens to be. */
export interface Replica {
  readonly ageMs: number
  readonly slowness: number
}

/** What a version makes of a request; `level` is the drift. */
export function answer(
  behaviour: Behaviour,
  user: User | null,
  { level, replica }: { readonly level: number; readonly replica: Replica },
  chance: Chance,
): Answered {
  const { errorRatio, fragileErrorRatio, medianMs, sigma, slowRatio, slowFactor, coldMs } = behaviour
  const failed = chance.happens((user?.fragile ? fragileErrorRatio : errorRatio) * level)
  const cold = replica.ageMs < coldMs ? 3 - (2 * replica.ageMs) / coldMs : 1
  const slow = chance.happens(slowRatio) ? slowFactor : 1
  return { failed, tookMs: chance.lognormal(medianMs, sigma) * level * cold * slow * replica.slowness }
}

function placeOf(cumulated: Float64Array, value: number): number {
  let low = 0
  let high = cumulated.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulated[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}
