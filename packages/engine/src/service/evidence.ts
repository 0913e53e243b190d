import {
  comparesOf,
  chooseCuts,
  createAnalysis,
  foldObservations,
  foldSlot,
  judge,
  judgedBy,
  kayentaRules,
  nextWeightBp,
  observationMetrics,
  questionsOf,
  ratioOf,
  rollbackBudget,
  targetsOf,
  wantedEvidence,
  type AnalysisSetup,
  type Failures,
  type ForecastInput,
  type EvidenceSlot,
  type Plan,
  type Reflex,
} from '@serin/core'
import type { Clock, EvidenceSource } from '@serin/kit'
import { judgedSaid, sentenceOf, SerinError, type Judgement, type Observation } from '@serin/spec'
import { histogramCount } from '@serin/stats'
import { keys, measurementOf, type RolloutDocument } from '../documents.ts'
import type { LiveWindow } from '../live-window.ts'
import { traceRequest, traceUnit, type Traced } from '../trace.ts'
import { rolloutEntry, type Changes } from './changes.ts'
import { readOn } from './reading.ts'
import {
  beginRivals,
  foldRivals,
  isExperiment,
  observationsOf,
  observeRivals,
  settleRivals,
  slotOfCanary,
} from './rivals.ts'
import type { ServiceRecord } from './record.ts'

const shortRestMs = 250
const longRestMs = 2_000
/** How long a rollout waits for stable's traffic before it goes on without latency cuts. */
const baselineWaitMs = 60_000
const baselineWanted = 200
/** Silence is judged too: nobody should read an old verdict as a live one. */
const silentMs = 3_000

/** What evidence works with. */
export interface EvidencePorts {
  readonly source: EvidenceSource
  readonly clock: Clock
  readonly record: ServiceRecord
  readonly window: LiveWindow
  /** Latency of replicas is not scored before this time. */
  readonly latencyFrom: (rollout: RolloutDocument) => number
  /** Whether time brings the rollout under way forward: not in a freeze, and not while somebody else's hand is on the router. */
  readonly mayGoOn: () => boolean
  /** Acts on facts, which come again: what goes wrong is remembered as trouble. */
  readonly guarded: (act: () => void) => void
}

/** What is said of the traffic instead of what is seen. */
export interface Assumptions {
  readonly requestsPerSecond?: number | undefined
  readonly errorPercent?: number | undefined
  readonly users?: number | undefined
}

/** Reads what the gateway saw and what people observed, folds it into the rollout under way, and has it judged. */
export class Evidence {
  readonly #ports: EvidencePorts

  constructor(ports: EvidencePorts) {
    this.#ports = ports
  }

  /** Reads slots until the signal aborts. */
  async loop(signal: AbortSignal): Promise<void> {
    const { source, clock, record, guarded } = this.#ports
    let restMs = shortRestMs
    while (!signal.aborted) {
      try {
        for await (const slot of source.slots(record.cursor, signal)) {
          if (signal.aborted) return
          restMs = shortRestMs
          guarded(() => this.#onSlot(slot))
        }
      } catch {
        // The router says what is wrong when it is asked for its routing; here it is enough to try again.
      }
      await clock.sleep(restMs, signal).catch(() => undefined)
      restMs = Math.min(longRestMs, restMs * 2)
    }
  }

  /** Counts observations for the attempt under way. Returns how many counted. */
  observe(observations: readonly Observation[]): number {
    const rollout = this.#ports.record.active
    if (rollout?.setup == null || rollout.analysis === null) return 0
    const watched = new Set(observationMetrics(rollout.setup).map(([name, metric]) => metric.observation ?? name))
    const name = measurementOf(rollout)
    const known = observations
      .filter((observation) => watched.has(observation.metric))
      .map((observation) => this.#trace(observation, rollout, name))
      .flatMap((found) => (found?.rollout === name ? [found] : []))
    if (known.length === 0) return 0
    const { canary, stable } = rollout.plan
    const traced = observationsOf(known, canary, stable)
    this.#judgeAndCommit(
      {
        ...rollout,
        analysis: foldObservations(rollout.setup, rollout.analysis, traced),
        ...observeRivals(rollout, known),
      },
      { creditMs: 0 },
      {},
    )
    return known.length
  }

  /** Whether stable's latency is known well enough to compare canary's with; without traffic a rollout goes on after a while and says so. */
  baselineReady(rollout: RolloutDocument): boolean {
    const { record, window, clock } = this.#ports
    const now = clock.now()
    const watched = Object.values(record.service.spec.metrics).some((metric) => metric.kind === 'latency')
    if (!watched || rollout.plan.strategy === 'instant') return true
    return (
      now - rollout.state.since > baselineWaitMs ||
      histogramCount(window.baseline(rollout.plan.stable, now)) >= baselineWanted
    )
  }

  /** The rollout with everything fixed that its evidence will be judged by, before there is any. */
  frozen(rollout: RolloutDocument): RolloutDocument {
    if (rollout.plan.strategy === 'instant') return rollout
    const setup = this.#setupOf(rollout.plan)
    const rivals = rollout.plan.rivals === undefined ? {} : { rivals: beginRivals(rollout, setup) }
    return { ...rollout, ...rivals, setup, analysis: createAnalysis(setup), judgement: null, firstTrafficAt: null }
  }

  /** What a forecast rests on: the traffic of the last ten seconds, or what is said instead. */
  forecastInput(plan: Plan, { requestsPerSecond, errorPercent, users }: Assumptions): ForecastInput {
    const { record, window, clock } = this.#ports
    const live = window.live(plan.stable, clock.now())
    const seen = live.successPercent === null ? 0 : 100 - live.successPercent
    const rate = requestsPerSecond ?? live.requestsPerSecond
    if (!(rate > 0))
      throw new SerinError(
        'usage.invalid',
        `${record.service.name} had no traffic lately, so nothing can be forecast. Say how much it will have: --rate.`,
      )
    return {
      service: record.service.name,
      plan,
      setup: this.#setupOf(plan),
      traffic: { requestsPerSecond: rate, errorRatio: ratioOf(errorPercent ?? seen) },
      users: users ?? null,
      warmUpMs: record.service.spec.analysis.warmUp,
    }
  }

  #setupOf(plan: Plan): AnalysisSetup {
    const { record, window, clock } = this.#ports
    const { metrics, analysis, slices } = record.service.spec
    const kayenta = kayentaRules(metrics, analysis)
    const challengers = 1 + (plan.rivals?.length ?? 0)
    return {
      stable: plan.stable,
      canary: plan.canary,
      metrics,
      cuts: chooseCuts(window.baseline(plan.stable, clock.now())),
      targetsBp: targetsOf(plan),
      // Each challenger has its part of what may go wrong.
      ...rollbackBudget(record.service.spec, challengers),
      falsePromotionRatio: ratioOf(analysis.falsePromotion) / challengers,
      minUnits: analysis.minUnits,
      ...(kayenta === null ? {} : { kayenta }),
      ...(slices === undefined ? {} : { slices }),
      ...questionsOf(plan),
      ...beforeOf(plan, window.failures(plan.stable, clock.now())),
      ...rampSetupOf(plan, window.live(plan.stable, clock.now()).requestsPerSecond),
    }
  }

  /** Judges a rollout that has heard nothing for a while, so that the verdict on display says so. */
  judgeSilence(rollout: RolloutDocument): void {
    const { record, window, clock } = this.#ports
    const now = clock.now()
    const lastSlotAt = window.lastSlotAt()
    if (rollout.judgement === null || lastSlotAt === null || now - lastSlotAt <= silentMs) return
    const judgement = this.#judge(rollout, now)
    if (judgement === null || judgement.health === rollout.judgement.health) return
    const next = { ...rollout, judgement, healthSince: healthSince(rollout, judgement) }
    record.commit({ rollouts: [next], journal: [rolloutEntry(next, 'rollout.judged', 'serin', { judgement })] })
  }

  #onSlot(slot: EvidenceSlot): void {
    const { record, window, mayGoOn } = this.#ports
    const { cursor: seen, service } = record
    const cursor = readOn(seen, slot)
    if (cursor === null) return
    if (!isSlot(slot)) throw new TypeError(`The gateway of ${service.name} sent evidence of another form.`)
    window.add(slot)
    // The gateway still has it: it need not wait for the disk.
    const read = { soon: true, cursor, evidence: [{ series: keys.evidence(service.name), at: slot.at, value: slot }] }
    const rollout = record.active
    if (rollout?.setup == null || rollout.analysis === null || slot.rollout !== measurementOf(rollout))
      return record.commit(read)
    const wanted = wantedEvidence(rollout.state, rollout.plan)
    const own = slotOfCanary(rollout, slot, wanted.bp)
    const { state: analysis, creditMs } = foldSlot(rollout.setup, rollout.analysis, own.slot, { ...wanted, bp: own.bp })
    const { units: exposedUnits, requests: exposedRequests } = analysis.canary
    // Harm is looked for as always.
    const credit = { creditMs: mayGoOn() ? creditMs : 0 }
    const folded = { ...rollout, analysis, exposedUnits, exposedRequests, ...foldRivals(rollout, slot) }
    this.#judgeAndCommit(folded, { ...credit, ...reflexOf(slot) }, read)
  }

  #judgeAndCommit(rollout: RolloutDocument, { creditMs, reflex }: Heard, more: Changes): void {
    const { record, clock } = this.#ports
    const own = this.#judge(rollout, clock.now())
    if (own === null) return record.commit({ ...more, rollouts: [rollout] })
    const judgement = reflex === undefined ? own : decidedBy(reflex, own, rollout.plan)
    const before = rollout.judgement
    const changed =
      before === null ||
      before.verdict !== judgement.verdict ||
      before.health !== judgement.health ||
      looksOf(judgement) > looksOf(before)
    const judged = this.#withRivals({ ...rollout, judgement, healthSince: healthSince(rollout, judgement) })
    const { rollout: next, journal, isOpen } = settleRivals(judged)
    const { attempt } = rollout.state
    const { goal, ...event } = judgedBy(next.judgement, { attempt, creditMs })
    const entry = rolloutEntry(next, 'rollout.judged', 'serin', { judgement: next.judgement })
    record.advance(next, isOpen || goal === undefined ? event : { ...event, goal }, {
      ...more,
      journal: [...journal, ...(changed ? [entry] : [])],
    })
  }

  #judge(rollout: RolloutDocument, now: number): Judgement | null {
    if (rollout.setup === null || rollout.analysis === null) return null
    // The judgement that decided stays: on the way back there is nothing left to decide.
    if (rollout.state.phase === 'rolling-back') return null
    return judge(rollout.setup, rollout.analysis, {
      nextBp: nextWeightBp(rollout.state, rollout.plan),
      now,
      since: rollout.state.since,
      warmingUp: now < this.#ports.latencyFrom(rollout),
      ...comparesOf(rollout.state, rollout.plan),
    })
  }

  /** Every challenger that is left is judged against stable, each by itself. */
  #withRivals<Document extends RolloutDocument>(rollout: Document): Document {
    if (rollout.rivals === undefined || !isExperiment(rollout)) return rollout
    const now = this.#ports.clock.now()
    const context = {
      nextBp: nextWeightBp(rollout.state, rollout.plan),
      now,
      since: rollout.state.since,
      warmingUp: now < this.#ports.latencyFrom(rollout),
    }
    const rivals = rollout.rivals.map((rival) =>
      rival.dropped === null ? { ...rival, judgement: judge(rival.setup, rival.analysis, context) } : rival,
    )
    return { ...rollout, rivals }
  }

  #trace(observation: Observation, rollout: RolloutDocument, measurement: string): Traced | null {
    const { record, clock } = this.#ports
    const { unit, request, time = clock.now() } = observation
    if (unit !== undefined) return traceUnit({ ...observation, unit, time }, record.assignments)
    const stableOf = (measured: string) => (measured === measurement ? rollout.plan.stable : null)
    return traceRequest({ ...observation, request: request ?? '' }, stableOf)
  }
}

/** What evidence brings to a judgement besides itself. */
interface Heard {
  readonly creditMs: number
  /** The gateway has decided already. */
  readonly reflex?: Reflex
}

/** What the gateway says it did by itself, if it was for the attempt that the slot is of. */
function reflexOf({ rollout, reflex }: EvidenceSlot): Pick<Heard, 'reflex'> {
  return reflex?.rollout === rollout ? { reflex } : {}
}

/** The gateway's part of the chance of a false rollback is spent: what it decided holds, whatever the judge has seen so far. */
function decidedBy({ logE, threshold }: Reflex, judgement: Judgement, { canary, stable }: Plan): Judgement {
  const decided = { ...judgement, verdict: 'harmful' as const, reflex: { canary, stable, logE, threshold } }
  return { ...decided, sentence: sentenceOf(judgedSaid(decided)) }
}

/** What stable did before, where the plan watches canary with nothing to compare it with. */
function beforeOf({ steps }: Plan, before: Failures): Pick<AnalysisSetup, 'before'> {
  return steps.some(({ weightBp }) => weightBp === 10_000) ? { before } : {}
}

/** Since when the health of the evidence has been what it is. */
function healthSince({ judgement, healthSince: since }: RolloutDocument, { health, at }: Judgement): number {
  return judgement?.health === health && since !== null ? since : at
}

/** The budget of a plan that has one, with the traffic that could spend it. */
function rampSetupOf({ budget, steps }: Plan, requestsPerSecond: number): Pick<AnalysisSetup, 'ramp'> {
  if (budget === undefined) return {}
  return { ramp: { budget, intervalMs: steps[0]?.holdMs ?? 0, requestsPerSecond } }
}

/** Judgements of the step by a judge that looks now and then; each is worth a line of the journal. */
function looksOf({ kayenta }: Judgement): number {
  return kayenta?.looks ?? 0
}

/** Whether it is evidence at all: a gateway of another release of Serin may still run. */
function isSlot(slot: Partial<EvidenceSlot>): boolean {
  return Number.isFinite(slot.at) && Number.isFinite(slot.durationMs) && typeof slot.arms === 'object'
}
