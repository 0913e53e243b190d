import { wilsonInterval } from '@serin/stats'
import { followsUsers, hasUnits, type Run } from './play.ts'
import type { Policy } from './policy.ts'
import { expectedRequests, type World } from './world.ts'

/** How often something came out, with its 95 % interval (Wilson). */
export interface Share {
  readonly runs: number
  readonly ratio: number
  readonly low: number
  readonly high: number
}

/** Releases that ended alike. */
export interface OutcomeSummary extends Share {
  readonly outcome: Run['outcome']
  readonly reason: Run['reason']
  readonly atMs: { readonly median: number; readonly p90: number }
  /** Medians. */
  readonly exposedUsers: number | null
  readonly canaryRequests: number
  readonly excessFailures: number
  readonly failedRequests: number
}

/** Canary's share at a time, over all releases; in basis points. */
export interface Band {
  readonly atMs: number
  readonly low: number
  readonly median: number
  readonly high: number
}

/** What many simulated releases show. */
export interface Simulation {
  readonly service: string
  readonly stable: string
  readonly canary: string
  readonly strategy: string
  readonly world: string
  readonly requestsPerSecond: number
  readonly usersFollowed: boolean
  readonly seed: number
  readonly seeds: number
  /** How many releases were asked for; when somebody stopped before the last of them, what is here is of `seeds` of them only. */
  readonly asked: number
  readonly partial: boolean
  readonly shares: Readonly<Record<Run['outcome'], Share>>
  /** The most frequent first. */
  readonly outcomes: readonly OutcomeSummary[]
  /** The 10th percentile, the median and the 90th; evenly in time. */
  readonly bands: readonly Band[]
  readonly notes: readonly string[]
  readonly runs: readonly Run[]
}

const z95 = 1.96
const points = 60
const dayMs = 86_400_000

/** Sums up runs, which may be fewer than were asked for; `seed` is that of the first. RangeError without any. */
export function summaryOf(policy: Policy, world: World, runs: readonly Run[], asked = runs.length): Simulation {
  const first = runs[0]
  if (first === undefined) throw new RangeError('There is nothing to sum up')
  const { service, plan, notes } = policy
  const usersFollowed = followsUsers(policy, world)
  return {
    service,
    stable: plan.stable,
    canary: plan.canary,
    strategy: plan.strategy,
    world: world.name,
    requestsPerSecond: expectedRequests(world)(0, dayMs) / (dayMs / 1_000),
    usersFollowed,
    seed: first.seed,
    seeds: runs.length,
    asked,
    partial: runs.length < asked,
    shares: {
      promoted: shareOf(runs, ({ outcome }) => outcome === 'promoted'),
      'rolled-back': shareOf(runs, ({ outcome }) => outcome === 'rolled-back'),
      held: shareOf(runs, ({ outcome }) => outcome === 'held'),
      undecided: shareOf(runs, ({ outcome }) => outcome === 'undecided'),
    },
    outcomes: outcomesOf(runs),
    bands: bandsOf(runs),
    notes: [...notes, ...userNotes(policy, world, usersFollowed)],
    runs,
  }
}

function userNotes({ spec }: Policy, { users }: World, followed: boolean): readonly string[] {
  if (followed) return []
  if (!hasUnits(spec)) return ['The service has no unit: each request is of its own.']
  if (users === null)
    return ['The world has no users: each request is of its own, which decides sooner than users who come back.']
  return ['There are too many requests to follow users: each request is of its own, which decides sooner.']
}

function shareOf(runs: readonly Run[], fits: (run: Run) => boolean): Share {
  const count = runs.filter((run) => fits(run)).length
  return { runs: count, ratio: count / runs.length, ...wilsonInterval({ units: runs.length, events: count }, z95) }
}

function outcomesOf(runs: readonly Run[]): readonly OutcomeSummary[] {
  const kinds = Map.groupBy(runs, ({ outcome, reason }) => `${outcome}/${reason ?? ''}`)
  return [...kinds.values()]
    .flatMap((alike): readonly OutcomeSummary[] => {
      const [one] = alike
      if (one === undefined) return []
      const { outcome, reason } = one
      const median = (value: (run: Run) => number) => quantile(alike.map(value), 0.5)
      const times = alike.map(({ atMs }) => atMs)
      return [
        {
          outcome,
          reason,
          ...shareOf(runs, (run) => run.outcome === outcome && run.reason === reason),
          atMs: { median: quantile(times, 0.5), p90: quantile(times, 0.9) },
          exposedUsers: one.exposedUsers === null ? null : median((run) => run.exposedUsers ?? 0),
          canaryRequests: median((run) => run.canaryRequests),
          excessFailures: median((run) => run.excessFailures),
          failedRequests: median((run) => run.failedRequests),
        },
      ]
    })
    .sort((a, b) => b.runs - a.runs)
}

function bandsOf(runs: readonly Run[]): readonly Band[] {
  const end = Math.max(
    1,
    quantile(
      runs.map(({ atMs }) => atMs),
      0.95,
    ),
  )
  return Array.from({ length: points }, (_, i) => {
    const atMs = (end * i) / (points - 1)
    const shares = runs.map(({ path }) => path.findLast((part) => part.atMs <= atMs)?.weightBp ?? 0)
    return { atMs, low: quantile(shares, 0.1), median: quantile(shares, 0.5), high: quantile(shares, 0.9) }
  })
}

/** The smallest value that so many are not above. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}
