import {
  askedWeightBp,
  begin,
  createAnalysis,
  isOver,
  stepOf,
  type EvidenceSlot,
  type HoldReason,
  type MirrorAsk,
  type MirrorSlot,
  type RollbackReason,
} from '@serin/core'
import { xoshiro, type Uniform } from '@serin/stats/seeded'
import { drawBinomial, drawLogNormal, drawPoisson } from './draw.ts'
import { dueAt, happen, ready, type Rollout, type Rules } from './events.ts'
import { levelsOf } from './levels.ts'
import { setupOf, type Policy } from './policy.ts'
import { looseTraffic, type SlotTallies, type Traffic } from './traffic.ts'
import { userTraffic } from './users.ts'
import { canaryAt, expectedRequests, stableAt, type ExpectedRequests, type World } from './world.ts'

/** How a release went in one world. */
export interface Run {
  readonly seed: number
  /** `undecided`: nothing had been decided when the simulation ended. */
  readonly outcome: 'promoted' | 'rolled-back' | 'held' | 'undecided'
  readonly reason: RollbackReason | HoldReason | null
  /** When that was, from the beginning of the release. */
  readonly atMs: number
  readonly firstTrafficMs: number | null
  readonly canaryRequests: number
  /** Failures of both versions, and those that would not have been on stable. */
  readonly failedRequests: number
  readonly excessFailures: number
  /** Users whom canary served; null when each request is of its own. */
  readonly exposedUsers: number | null
  /** Canary's share in basis points, from each time on. */
  readonly path: readonly { readonly atMs: number; readonly weightBp: number }[]
}

/** Slots grow while nothing happens: one that is as long as a thirtieth of what has passed shows as much. */
const slotsPerSize = 30
const firstSlotMs = 1_000
/** A schedule is followed in at least so many slots. */
const slotsPerSchedule = 300
/** A simulation that has not ended by then does not end. */
const mostSlots = 60_000
/** No release is played for longer than this. */
const mostMs = 30 * 86_400_000
/** With more requests than this in a release, users are not followed one by one. */
const mostFollowed = 5_000_000
/** How long a slot may be without a sample of canary and still be evidence, as in the analysis. */
const graceMs = 10_000

/** Whether requests of one user can be known as such. */
export function hasUnits({ unit, sticky }: Policy['spec']): boolean {
  return unit.length > 0 || sticky !== false
}

/** Whether the users of a world can be followed one by one through a release that takes as long as its holds. */
export function followsUsers({ plan, spec }: Policy, world: World): boolean {
  if (world.users === null || !hasUnits(spec)) return false
  const holdMs = plan.steps.reduce((sum, step) => sum + step.holdMs, 0)
  return expectedRequests(world)(0, holdMs) <= mostFollowed
}

/** Plays a release in a world, to its end or for so long. The same seed gives the same run. */
export function play(policy: Policy, world: World, seed: number, forMs = mostMs): Run {
  return new Player(policy, world, seed).run(Math.min(mostMs, forMs))
}

class Player {
  readonly #rules: Rules
  readonly #world: World
  readonly #uniform: Uniform
  readonly #traffic: Traffic
  readonly #expected: ExpectedRequests
  readonly #bins: readonly number[]
  readonly #seed: number
  #rollout: Rollout
  #now = 0
  #slots = 0
  #seq = 0
  #firstTrafficMs: number | null = null
  /** Whether both versions have had traffic; the epoch of the counts, and when it ends. */
  #compared = false
  #epoch = { number: 0, countingMs: 0, endsMs: 60_000 }
  #noise = { minute: -1, factor: 1 }
  #latencyFromMs: number
  /** When canary had its last request, as far as evidence time depends on it. */
  #lastRequestMs = 0
  readonly #sums = { canaryRequests: 0, failedRequests: 0, excess: 0, exposed: 0 }
  readonly #path: { atMs: number; weightBp: number }[] = [{ atMs: 0, weightBp: 0 }]

  constructor(policy: Policy, world: World, seed: number) {
    this.#world = world
    this.#seed = seed
    this.#uniform = xoshiro(seed)
    const setup = setupOf(policy, world, this.#uniform)
    const levels = levelsOf(setup, world.stable)
    const cuts = setup.cuts.length
    this.#bins = levels.bins
    this.#rules = { plan: policy.plan, setup, analysis: policy.spec.analysis, world }
    this.#traffic =
      world.users !== null && followsUsers(policy, world)
        ? userTraffic(this.#uniform, { levels, cuts, users: world.users })
        : looseTraffic(this.#uniform, levels, cuts)
    this.#expected = expectedRequests(world)
    this.#rollout = { state: begin(0), analysis: createAnalysis(setup), health: null }
    this.#latencyFromMs = world.startsMs + policy.spec.analysis.warmUp
  }

  run(forMs: number): Run {
    this.#now = this.#world.startsMs
    this.#take(ready(this.#rollout, this.#rules, this.#now))
    while (!this.#ended() && this.#seq < mostSlots && this.#now < forMs) this.#slot()
    return this.#told()
  }

  /** Over, or held for a person who does not come by herself. */
  #ended(): boolean {
    const { state } = this.#rollout
    return isOver(state) || (state.phase === 'holding' && state.reason !== 'pause-step')
  }

  #slot(): void {
    const { state } = this.#rollout
    const durationMs = this.#durationMs()
    const fromMs = this.#now
    const now = fromMs + durationMs
    const weightBp = askedWeightBp(state, this.#rules.plan)
    this.#beginCounts(weightBp)
    const middle = fromMs + durationMs / 2
    const stable = stableAt(this.#world, middle)
    const canary = canaryAt(this.#world, middle, this.#firstTrafficMs ?? fromMs)
    const mean = this.#expected(fromMs, now) * this.#noiseOf(fromMs, durationMs)
    const tallies = this.#traffic.slot({
      requests: drawPoisson(this.#uniform, mean),
      weightBp,
      stable,
      canary,
      scored: fromMs >= this.#latencyFromMs,
    })
    this.#count(tallies, canary.errorRatio - stable.errorRatio)
    this.#now = now
    this.#seq += 1
    this.#slots += 1
    const dark = this.#world.outages.some(({ fromMs: from, untilMs }) => middle >= from && middle < untilMs)
    const slot = dark ? null : this.#evidence(tallies, { weightBp, durationMs, rates: [canary, stable] })
    this.#endEpoch(now)
    const creditMs = this.#creditMs(tallies.canary.requests, fromMs)
    this.#take(happen(this.#rollout, this.#rules, { now, warmingUp: now < this.#latencyFromMs, slot, creditMs }))
  }

  /** As long as nothing is missed by it: until something is due, or the hold of the step may be over. */
  #durationMs(): number {
    const { state } = this.#rollout
    const step = stepOf(state, this.#rules.plan)
    const grown = firstSlotMs * 2 ** Math.floor(this.#slots / slotsPerSize)
    const limits = [
      dueAt(this.#rollout, this.#rules) - this.#now,
      ...this.#turns().map((turn) => turn - this.#now),
    ].filter((ms) => ms > 0)
    if (step?.fromBp !== undefined) limits.push(step.holdMs / slotsPerSchedule)
    if (step !== null && 'evidenceMs' in state) {
      const left = step.holdMs - state.evidenceMs
      if (left > 0) limits.push(left)
    }
    return Math.max(firstSlotMs, Math.min(grown, ...limits))
  }

  /** Times at which the world becomes another. */
  #turns(): readonly number[] {
    const { outages, onsetMs } = this.#world
    return [
      this.#latencyFromMs,
      (this.#firstTrafficMs ?? Infinity) + onsetMs,
      ...outages.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]),
    ]
  }

  /** Takes a new state; after a change slots are short again. */
  #take(next: Rollout): void {
    const { plan } = this.#rules
    const before = this.#rollout.state
    this.#rollout = next
    const weightBp = askedWeightBp(next.state, plan)
    const changed = this.#path.at(-1)?.weightBp !== weightBp
    if (changed) {
      if (weightBp > 0) this.#firstTrafficMs ??= this.#now
      this.#lastRequestMs = this.#now
      this.#path.push({ atMs: this.#now, weightBp })
    }
    const moved = before.phase !== next.state.phase || stepOf(before, plan) !== stepOf(next.state, plan)
    if (moved || this.#turns().includes(this.#now)) this.#slots = 0
  }

  /** Whom stable served before canary had any traffic says nothing about either: counting begins with the comparison. */
  #beginCounts(weightBp: number): void {
    if (this.#compared || weightBp === 0 || weightBp === 10_000) return
    this.#compared = true
    this.#traffic.begin()
    this.#epoch = { number: 0, countingMs: this.#now, endsMs: this.#now + 60_000 }
  }

  /** Epochs are as the gateway has them: a minute, then by half of what has passed. */
  #endEpoch(now: number): void {
    const { number, countingMs, endsMs } = this.#epoch
    if (now < endsMs) return
    const passed = now - countingMs
    this.#epoch = { number: number + 1, countingMs, endsMs: countingMs + Math.max(passed + 60_000, passed * 1.5) }
    this.#traffic.beginEpoch()
  }

  #noiseOf(fromMs: number, durationMs: number): number {
    const { noiseRatio } = this.#world
    if (noiseRatio === 0) return 1
    const minute = Math.floor(fromMs / 60_000)
    if (minute !== this.#noise.minute) {
      // The mean of many minutes differs less.
      const sigma = noiseRatio / Math.sqrt(Math.max(1, durationMs / 60_000))
      this.#noise = { minute, factor: drawLogNormal(this.#uniform, sigma) / Math.exp((sigma * sigma) / 2) }
    }
    return this.#noise.factor
  }

  #count({ canary, stable }: SlotTallies, extraRatio: number): void {
    this.#sums.canaryRequests += canary.requests
    this.#sums.failedRequests += canary.errors + stable.errors
    this.#sums.excess += canary.requests * Math.max(0, extraRatio)
    this.#sums.exposed += canary.servedUnits
  }

  /** What a gateway would have credited second by second in a long slot: only time shortly before a request to canary. Null: as the slot says. */
  #creditMs(requests: number, fromMs: number): number | null {
    const durationMs = this.#now - fromMs
    const step = stepOf(this.#rollout.state, this.#rules.plan)
    const waitsForRequests = step?.fromBp === undefined && step?.mirror === undefined
    const many = requests > (12 * durationMs) / graceMs
    if (durationMs <= graceMs || many || !waitsForRequests) {
      if (requests > 0) this.#lastRequestMs = this.#now
      return null
    }
    const times = Array.from({ length: requests }, () => fromMs + durationMs * this.#uniform()).sort((a, b) => a - b)
    let credit = 0
    for (const time of times) {
      credit += Math.min(graceMs + firstSlotMs, time - this.#lastRequestMs)
      this.#lastRequestMs = time
    }
    return credit
  }

  #evidence(
    { canary, stable }: SlotTallies,
    slot: {
      readonly weightBp: number
      readonly durationMs: number
      readonly rates: readonly { readonly errorRatio: number }[]
    },
  ): EvidenceSlot {
    const { plan } = this.#rules
    const { sticky } = this.#traffic
    const mirror = stepOf(this.#rollout.state, plan)?.mirror
    const copies = mirror === undefined ? undefined : this.#mirrored(mirror, stable.requests, slot.rates)
    return {
      boot: 'simulation',
      seq: this.#seq,
      at: this.#now,
      durationMs: slot.durationMs,
      revision: 1,
      rollout: 'simulation',
      epoch: this.#epoch.number,
      weights: { [plan.canary]: slot.weightBp, [plan.stable]: 10_000 - slot.weightBp },
      sticky,
      arms: { [plan.canary]: canary.slot(sticky, this.#bins), [plan.stable]: stable.slot(sticky, this.#bins) },
      ...(copies === undefined ? {} : { mirror: copies }),
    }
  }

  /** Copies: canary's answers differ when one of the two fails, and never else. */
  #mirrored(
    { shareBp }: MirrorAsk,
    requests: number,
    [canary, stable]: readonly { readonly errorRatio: number }[],
  ): MirrorSlot {
    const compared = drawBinomial(this.#uniform, requests, shareBp / 10_000)
    const stableFailed = drawBinomial(this.#uniform, compared, stable?.errorRatio ?? 0)
    const canaryRatio = canary?.errorRatio ?? 0
    const onlyCanaryFailed = drawBinomial(this.#uniform, compared - stableFailed, canaryRatio)
    const onlyStableFailed = drawBinomial(this.#uniform, stableFailed, 1 - canaryRatio)
    const different = onlyCanaryFailed + onlyStableFailed
    return {
      sent: compared,
      dropped: 0,
      compared,
      different,
      differentStatus: different,
      differentBody: 0,
      onlyCanaryFailed,
      onlyStableFailed,
      canaryLatency: [],
      stableLatency: [],
    }
  }

  #told(): Run {
    const { state } = this.#rollout
    const { canaryRequests, failedRequests, excess, exposed } = this.#sums
    const outcome =
      state.phase === 'promoted' || state.phase === 'rolled-back'
        ? state.phase
        : state.phase === 'holding'
          ? 'held'
          : 'undecided'
    return {
      seed: this.#seed,
      outcome,
      reason: state.phase === 'rolled-back' || state.phase === 'holding' ? state.reason : null,
      atMs: this.#now,
      firstTrafficMs: this.#firstTrafficMs,
      canaryRequests,
      failedRequests,
      excessFailures: Math.round(excess),
      exposedUsers: this.#traffic.sticky ? exposed : null,
      path: this.#path,
    }
  }
}
