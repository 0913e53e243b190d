/** Modelled traffic that is counted as a gateway counts it, for tests of the analysis: pure, seeded, without a network. */
import { binOf } from '@serin/stats'
import { normal, poisson, xoshiro, type Uniform } from '@serin/stats/seeded'
import { bucketOf, compilePick } from '../../assignment/assign.ts'
import { murmurHash2 } from '../../assignment/murmur-hash2.ts'
import { eventDepths, slotBuckets, type ArmSlot, type EvidenceSlot } from '../../evidence.ts'
import type { LatencyCut } from '../setup.ts'

/** Somebody who sends requests. */
export interface Person {
  readonly id: string
  /** A level of their own, standard normal: worlds may make it matter. */
  readonly own: number
  /** Where their part of the traffic ends. */
  readonly until: number
}

/** How a version answers a person, `second` seconds after the beginning. */
export interface Answers {
  readonly failed: (uniform: Uniform, person: Person, second: number) => boolean
  readonly ms: (uniform: Uniform, person: Person, second: number) => number
}

/** A world of users who come back, or, with 0 users, of requests that belong to nobody. */
export interface TrafficOptions {
  readonly seed: number
  readonly users: number
  readonly requestsPerSecond: number
  readonly cuts: readonly LatencyCut[]
  readonly versions: Readonly<Record<'v1' | 'v2', Answers>>
  /** Spread of how busy users are: σ of the logarithm. */
  readonly activitySigma?: number
  readonly boot?: string
}

interface Counts {
  readonly all: number[]
  readonly recent: number[]
  readonly served: Set<string>
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type OpenArm = Mutable<ArmSlot> & { readonly rows: number[][]; readonly bins: Map<number, number> }

/** Traffic of two versions, v1 stable and v2 canary. `second(canaryBp)` lets a second pass and gives its slot. */
export interface Traffic {
  second(canaryBp: number): EvidenceSlot
  /** Begins an epoch. */
  beginEpoch(): void
  /** The gateway starts again: it knows nobody. */
  restart(boot: string): void
}

/** Starts a world. */
export function createTraffic(options: TrafficOptions): Traffic {
  const { seed, cuts, activitySigma = 0 } = options
  const uniform = xoshiro(seed)
  const people = crowd(uniform, options.users, activitySigma, seed)
  const kinds = 1 + cuts.length
  const versionOf = createAssigner(seed)
  let units = new Map<string, Counts>()
  let [boot, seq, epoch, second] = [options.boot ?? 'boot', 0, 0, 0]

  const count = (counts: Counts | null, kind: number, arm: OpenArm): void => {
    const name = kind === 0 ? 'error' : `slow${kind - 1}`
    for (const [of, events] of [
      ['all', arm.events],
      ['recent', arm.recentEvents],
    ] as const) {
      if (counts !== null) counts[of][kind] = (counts[of][kind] ?? 0) + 1
      const depth = counts === null ? 0 : eventDepths.indexOf((counts[of][kind] ?? 0) as 1)
      const place = events[name] as [number, number, number] | undefined
      if (depth >= 0 && place !== undefined) place[depth] = (place[depth] ?? 0) + 1
    }
  }

  const request = (arms: Readonly<Record<'v1' | 'v2', OpenArm>>, canaryBp: number): void => {
    const person = pick(uniform, people)
    const unit = person?.id ?? `request-${uniform()}`
    const version = versionOf(unit, canaryBp)
    const arm = arms[version]
    const known = units.get(unit)
    const counts = known ?? { all: zeros(kinds), recent: zeros(kinds), served: new Set<string>() }
    if (person !== null) units.set(unit, counts)
    const first = !counts.served.has(version)
    counts.served.add(version)
    const failed = options.versions[version].failed(uniform, person ?? nobody, second)
    arm.requests += 1
    arm.randomised += 1
    if (known === undefined) arm.newUnits += 1
    if (first) {
      arm.servedUnits += 1
      arm.firstRequests += 1
      if (failed) arm.firstErrors += 1
    }
    const bucket = bucketOf(unit, slotBuckets)
    const row = (arm.rows[bucket] ??= zeros(3 + cuts.length))
    const add = (column: number): void => {
      row[column] = (row[column] ?? 0) + 1
    }
    add(0)
    if (failed) {
      arm.errors += 1
      arm.randomisedErrors += 1
      add(1)
      count(person === null ? null : counts, 0, arm)
      return
    }
    const ms = options.versions[version].ms(uniform, person ?? nobody, second)
    arm.latencyScored += 1
    arm.latencySumMs += ms
    arm.bins.set(binOf(ms), (arm.bins.get(binOf(ms)) ?? 0) + 1)
    add(2)
    for (const [i, cut] of cuts.entries()) {
      if (ms <= cut.cutMs) break
      add(3 + i)
      count(person === null ? null : counts, 1 + i, arm)
    }
  }

  return {
    second(canaryBp) {
      const arms = { v1: openArm(cuts.length), v2: openArm(cuts.length) }
      const requests = poisson(uniform, options.requestsPerSecond)
      for (let i = 0; i < requests; i += 1) request(arms, canaryBp)
      seq += 1
      second += 1
      const sticky = options.users > 0
      return {
        boot,
        seq,
        at: second * 1_000,
        durationMs: 1_000,
        revision: 1,
        rollout: 'r',
        epoch,
        weights: { v2: canaryBp, v1: 10_000 - canaryBp },
        sticky,
        arms: { v1: closeArm(arms.v1, sticky), v2: closeArm(arms.v2, sticky) },
      }
    },
    beginEpoch() {
      epoch += 1
      for (const counts of units.values()) counts.recent.fill(0)
    },
    restart(name) {
      boot = name
      epoch = 0
      seq = 0
      units = new Map()
    },
  }
}

const nobody: Person = { id: '', own: 0, until: 0 }
const zeros = (length: number): number[] => Array.from({ length }, () => 0)

/** An arm of a slot in which nothing has happened. */
export function emptyArm(cuts: number): ArmSlot {
  const kinds = ['error', ...Array.from({ length: cuts }, (_, i) => `slow${i}`)]
  const events = () => Object.fromEntries(kinds.map((kind) => [kind, [0, 0, 0] as [number, number, number]]))
  return {
    requests: 0,
    errors: 0,
    statusClasses: [0, 0, 0, 0, 0, 0],
    randomised: 0,
    randomisedErrors: 0,
    newUnits: 0,
    servedUnits: 0,
    firstRequests: 0,
    firstErrors: 0,
    events: events(),
    recentEvents: events(),
    buckets: [],
    latency: [],
    latencySumMs: 0,
    latencyScored: 0,
    inFlight: 0,
  }
}

function openArm(cuts: number): OpenArm {
  return { ...emptyArm(cuts), rows: [], bins: new Map() }
}

function closeArm({ rows, bins, ...arm }: OpenArm, sticky: boolean): ArmSlot {
  const buckets = rows.flatMap((row, bucket) => ((row[0] ?? 0) > 0 ? [[bucket, ...row]] : []))
  return {
    ...arm,
    latency: [...bins].sort((a, b) => a[0] - b[0]),
    buckets: sticky ? buckets : [],
    recentEvents: sticky ? arm.recentEvents : {},
  }
}

function crowd(uniform: Uniform, users: number, sigma: number, seed: number): readonly Person[] {
  let until = 0
  return Array.from({ length: users }, (_, i) => {
    until += Math.exp(sigma * normal(uniform))
    return { id: `user-${seed}-${i}`, own: normal(uniform), until }
  })
}

function pick(uniform: Uniform, people: readonly Person[]): Person | null {
  const last = people.at(-1)
  if (last === undefined) return null
  const at = uniform() * last.until
  let [low, high] = [0, people.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((people[middle]?.until ?? 0) < at) low = middle + 1
    else high = middle
  }
  return people[low] ?? null
}

/** Who is served by canary at each share, as the routers decide it. */
function createAssigner(seed: number): (unit: string, canaryBp: number) => 'v1' | 'v2' {
  const picks = new Map<number, (hash: number) => string>()
  const hashes = new Map<string, number>()
  return (unit, canaryBp) => {
    const arms = [
      { version: 'v2', endpoints: [], weightBp: canaryBp },
      { version: 'v1', endpoints: [], weightBp: 10_000 - canaryBp },
    ]
    const pick = picks.get(canaryBp) ?? compilePick(arms)
    picks.set(canaryBp, pick)
    const hash = hashes.get(unit) ?? murmurHash2(`shop/${seed}/${unit}`)
    if (hashes.size < 10_000) hashes.set(unit, hash)
    return pick(hash) === 'v2' ? 'v2' : 'v1'
  }
}
