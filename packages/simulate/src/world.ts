import type { WorldFile } from '@serin/spec'
import { normalQuantile } from '@serin/stats'
import type { RecordedTraffic } from './access-log.ts'

/** What a version does with a request. */
export interface Behaviour {
  readonly errorRatio: number
  /** Latency of successful requests is lognormal. */
  readonly medianMs: number
  readonly sigma: number
}

/** What a simulation takes for granted; times are counted from the beginning of the release. */
export interface World {
  readonly name: string
  readonly startMs: number
  readonly requestsPerSecond: number
  readonly daily: { readonly lowRatio: number; readonly peakAtMs: number } | null
  readonly noiseRatio: number
  /** Requests of each minute, one after the other and then again; takes the place of the rate and its shape. */
  readonly recorded: readonly number[] | null
  /** How busy each of the users is, or how many there are and how different; null: each request is of its own. */
  readonly users: { readonly weights: readonly number[] } | { readonly count: number; readonly spread: number } | null
  readonly stable: Behaviour
  readonly canary: Behaviour
  readonly onsetMs: number
  readonly drift: { readonly errors: number; readonly latency: number; readonly overMs: number } | null
  readonly outages: readonly { readonly fromMs: number; readonly untilMs: number }[]
  readonly startsMs: number
  readonly peopleMs: number
  readonly gatesMs: number
}

const dayMs = 86_400_000
const minuteMs = 60_000
const z95 = normalQuantile(0.95)

/** The world of a file. */
export function worldOf(file: WorldFile, name: string): World {
  const { traffic, users, canary, drift } = file
  const stable = behaviourOf(file.stable.errors / 100, file.stable.latency)
  const errors = canary.errors
  const latency = canary.latency
  return {
    name,
    startMs: file.start,
    requestsPerSecond: traffic.rate,
    daily: traffic.daily === undefined ? null : { lowRatio: traffic.daily.low / 100, peakAtMs: traffic.daily.peakAt },
    noiseRatio: traffic.noise / 100,
    recorded: null,
    users: users ?? null,
    stable,
    canary: {
      ...(latency === undefined
        ? stable
        : 'times' in latency
          ? { ...stable, medianMs: stable.medianMs * latency.times }
          : behaviourOf(0, latency)),
      errorRatio:
        errors === undefined
          ? stable.errorRatio
          : typeof errors === 'number'
            ? errors / 100
            : Math.min(1, stable.errorRatio * errors.times),
    },
    onsetMs: file.onset,
    drift: drift === undefined ? null : { errors: drift.errors, latency: drift.latency, overMs: drift.over },
    outages: file.outages.map(({ from, for: lasts }) => ({ fromMs: from, untilMs: from + lasts })),
    startsMs: file.starts,
    peopleMs: file.people,
    gatesMs: file.gates,
  }
}

function behaviourOf(errorRatio: number, { p50, p95 }: { readonly p50: number; readonly p95: number }): Behaviour {
  return { errorRatio, medianMs: p50, sigma: Math.log(p95 / p50) / z95 }
}

/** The same world with the traffic, the users and the failures of a log; what canary changes stays as large as it was. */
export function withRecorded(world: World, log: RecordedTraffic, name: string): World {
  const { perMinute, errorRatio, requestsOfUsers } = log
  const total = perMinute.reduce((sum, count) => sum + count, 0)
  return {
    ...withErrors(world, errorRatio),
    name,
    requestsPerSecond: total / (perMinute.length * 60),
    daily: null,
    noiseRatio: 0,
    recorded: perMinute,
    users: { weights: requestsOfUsers },
  }
}

/** The same world with other failures of stable. A version that fails completely still does; twice as many failures are twice the new ones. */
export function withErrors(world: World, errorRatio: number): World {
  const [before, after] = [world.stable.errorRatio, world.canary.errorRatio]
  const changed = after === 1 || before === 0 ? after : errorRatio * (after / before)
  return {
    ...world,
    stable: { ...world.stable, errorRatio },
    canary: { ...world.canary, errorRatio: Math.min(1, changed) },
  }
}

/** No world has more users. */
const mostUsers = 5_000_000

/** The same world with another rate and as many more users, each as busy as before. */
export function withRate(world: World, requestsPerSecond: number): World {
  const times = requestsPerSecond / world.requestsPerSecond
  const { users } = world
  if (users === null || !('count' in users)) return { ...world, requestsPerSecond }
  const count = Math.min(mostUsers, Math.max(1, Math.round(users.count * times)))
  return { ...world, requestsPerSecond, users: { ...users, count } }
}

/** What stable does at a time. */
export function stableAt({ stable, drift }: World, atMs: number): Behaviour {
  return drifted(stable, drift, atMs)
}

/** What canary does at a time; until its onset it is as stable. */
export function canaryAt({ stable, canary, drift, onsetMs }: World, atMs: number, firstTrafficMs: number): Behaviour {
  return drifted(atMs < firstTrafficMs + onsetMs ? stable : canary, drift, atMs)
}

function drifted(behaviour: Behaviour, drift: World['drift'], atMs: number): Behaviour {
  if (drift === null) return behaviour
  const part = Math.min(1, atMs / drift.overMs)
  return {
    ...behaviour,
    errorRatio: Math.min(1, behaviour.errorRatio * (1 + (drift.errors - 1) * part)),
    medianMs: behaviour.medianMs * (1 + (drift.latency - 1) * part),
  }
}

/** Expected requests between two times, without noise. */
export type ExpectedRequests = (fromMs: number, untilMs: number) => number

/** How many requests a world brings. */
export function expectedRequests({ requestsPerSecond, daily, recorded, startMs }: World): ExpectedRequests {
  if (recorded !== null) return repeated(recorded)
  if (daily === null) return (fromMs, untilMs) => (requestsPerSecond * (untilMs - fromMs)) / 1_000
  const swing = (1 - daily.lowRatio) / (1 + daily.lowRatio)
  const turn = (2 * Math.PI) / dayMs
  const upTo = (ms: number) => ms + (swing / turn) * Math.sin(turn * (ms + startMs - daily.peakAtMs))
  return (fromMs, untilMs) => (requestsPerSecond * (upTo(untilMs) - upTo(fromMs))) / 1_000
}

function repeated(perMinute: readonly number[]): ExpectedRequests {
  const before = new Float64Array(perMinute.length + 1)
  for (const [i, count] of perMinute.entries()) before[i + 1] = (before[i] ?? 0) + count
  const all = before.at(-1) ?? 0
  const upTo = (ms: number): number => {
    const minutes = ms / minuteMs
    const round = Math.floor(minutes / perMinute.length)
    const rest = minutes - round * perMinute.length
    const whole = Math.floor(rest)
    return round * all + (before[whole] ?? 0) + (rest - whole) * (perMinute[whole] ?? 0)
  }
  return (fromMs, untilMs) => Math.max(0, upTo(untilMs) - upTo(fromMs))
}
