import type { OutcomeSummary, Simulation as Shown } from '@serin/spec'
import { wilsonInterval } from '@serin/stats'
import { followsUsers, hasUnits, type Run } from './play.ts'
import type { Policy } from './policy.ts'
import { expectedRequests, type World } from './world.ts'

/** What many simulated releases show, and each of them. */
export interface Simulation extends Shown {
  readonly runs: readonly Run[]
}

type Share = Shown['shares']['held']

const z95 = 1.96
const points = 60
const dayMs = 86_400_000

const mostHours = 720

/** How many releases were asked for, and for how long each was played at most. */
interface Asked {
  readonly asked?: number
  readonly hours?: number
}

/** Sums up runs, which may be fewer than were asked for; `seed` is that of the first. RangeError without any. */
export function summaryOf(
  policy: Policy,
  world: World,
  runs: readonly Run[],
  { asked = runs.length, hours = mostHours }: Asked = {},
): Simulation {
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
    errorPercent: 100 * world.stable.errorRatio,
    usersFollowed,
    hours,
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
    ...overTime(runs),
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

function outcomesOf(runs: readonly Run[]): OutcomeSummary[] {
  const kinds = Map.groupBy(runs, ({ outcome, reason }) => `${outcome}/${reason ?? ''}`)
  return [...kinds.values()]
    .flatMap((alike): OutcomeSummary[] => {
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
          excessFailuresP90: quantile(
            alike.map((run) => run.excessFailures),
            0.9,
          ),
          failedRequests: median((run) => run.failedRequests),
        },
      ]
    })
    .sort((a, b) => b.runs - a.runs)
}

/** Shares and ends at the same times: evenly to when nineteen in twenty releases are over. */
function overTime(runs: readonly Run[]): Pick<Shown, 'bands' | 'ended'> {
  const end = Math.max(
    1,
    quantile(
      runs.map(({ atMs }) => atMs),
      0.95,
    ),
  )
  const times = Array.from({ length: points }, (_, i) => (end * i) / (points - 1))
  const part = (atMs: number, outcome: Run['outcome']) =>
    runs.filter((run) => run.outcome === outcome && run.atMs <= atMs).length / runs.length
  return {
    bands: times.map((atMs) => {
      const shares = runs.map(({ path }) => path.findLast((each) => each.atMs <= atMs)?.weightBp ?? 0)
      return { atMs, low: quantile(shares, 0.1), median: quantile(shares, 0.5), high: quantile(shares, 0.9) }
    }),
    ended: times.map((atMs) => ({
      atMs,
      promoted: part(atMs, 'promoted'),
      rolledBack: part(atMs, 'rolled-back'),
      held: part(atMs, 'held'),
    })),
  }
}

/** The smallest value that so many are not above. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}
