import type { LatencyCut, AnalysisSetup } from '../analysis/setup.ts'
import type { ArmSlot, EvidenceSlot, MirrorSlot } from '../evidence.ts'
import { createAnalysis, foldSlot } from '../analysis/fold.ts'
import { judge } from '../analysis/judge.ts'
import { rampOf, readRamp } from '../analysis/ramp.ts'
import { judgedBy } from '../machine/judged.ts'
import { advance } from '../machine/advance.ts'
import { askedWeightBp, comparesOf, gateAsked, nextWeightBp, stepOf, wantedEvidence } from '../machine/asked.ts'
import type { RolloutEvent } from '../machine/event.ts'
import { begin, type RolloutState } from '../machine/state.ts'
import type { Plan } from '../plan.ts'

/** Traffic as it is taken to stay. */
export interface ExpectedTraffic {
  readonly requestsPerSecond: number
  /** Part of stable's requests that fail, 0..1. */
  readonly errorRatio: number
}

/** When a step began, and what canary had answered by then. */
export interface Arrival {
  readonly step: number
  readonly atMs: number
  readonly canaryRequests: number
}

/** How a release goes whose version behaves exactly as stable does, in mean counts. */
export interface MeanPath {
  readonly arrivals: readonly Arrival[]
  /** Null when the deadline of a step comes first. */
  readonly promotedAtMs: number | null
  readonly canaryRequests: number
}

/** Slots grow while nothing happens: a step of a day needs no more of them than one of minutes. */
const slotsPerSize = 300
const firstSlotMs = 1_000
const mostSlots = 20_000

/**
 * Plays the machine and the analysis themselves on expected counts: the evidence of the mean is close to the median of the evidence. Requests are taken as units
 * of their own; users who come back make it slower.
 */
export function playMeanPath(plan: Plan, setup: AnalysisSetup, traffic: ExpectedTraffic, warmUpMs: number): MeanPath {
  let analysis = createAnalysis(setup)
  let state = begin(0)
  const arrivals: Arrival[] = []
  let [now, canaryRequests, slots] = [0, 0, 0]
  const step = (outcome: ReturnType<typeof advance>): void => {
    if (!('state' in outcome)) return
    const before = 'step' in state ? state.step : -1
    state = outcome.state
    if (!('step' in state) || state.step === before) return
    arrivals.push({ step: state.step, atMs: now, canaryRequests })
    slots = 0
  }
  // Nobody knows how long copies, gates and people take: the forecast goes on at once.
  const goOn = (): void => {
    for (let before: RolloutState | null = null; before !== state;) {
      before = state
      const event = atOnce(state, plan)
      if (event !== null) step(advance(state, event, plan, now))
    }
  }
  step(advance(state, { type: 'canary-ready', ...rampOf({ ramp: readRamp(setup, analysis) }) }, plan, now))
  goOn()
  // Through a function, for the compiler does not see that `step` changes it.
  const current = (): RolloutState => state
  for (let all = 0; current().phase === 'watching' && all < mostSlots; all += 1) {
    const durationMs = firstSlotMs * 2 ** Math.floor(slots / slotsPerSize)
    slots += 1
    now += durationMs
    const weightBp = askedWeightBp(state, plan)
    const mirrorBp = stepOf(state, plan)?.mirror?.shareBp ?? 0
    const slot = meanSlot(setup, traffic, { weightBp, mirrorBp, at: now, durationMs })
    canaryRequests += slot.arms[setup.canary]?.requests ?? 0
    const folded = foldSlot(setup, analysis, slot, wantedEvidence(state, plan))
    analysis = folded.state
    const judgement = judge(setup, analysis, {
      nextBp: nextWeightBp(state, plan),
      now,
      since: state.since,
      warmingUp: now < warmUpMs,
      ...comparesOf(state, plan),
    })
    const event = judgedBy(judgement, { attempt: 1, creditMs: folded.creditMs })
    // What an experiment is about cannot be forecast: it is taken to be shown when all its units are there.
    step(
      advance(
        state,
        event.goal === undefined ? event : { ...event, goal: { ...event.goal, verdict: 'better' } },
        plan,
        now,
      ),
    )
    step(advance(state, { type: 'tick' }, plan, now))
    goOn()
  }
  return { arrivals, promotedAtMs: current().phase === 'promoting' ? now : null, canaryRequests }
}

function meanSlot(
  setup: AnalysisSetup,
  { requestsPerSecond, errorRatio }: ExpectedTraffic,
  {
    weightBp,
    mirrorBp,
    at,
    durationMs,
  }: { readonly weightBp: number; readonly mirrorBp: number; readonly at: number; readonly durationMs: number },
): EvidenceSlot {
  const requests = (requestsPerSecond * durationMs) / 1_000
  const share = weightBp / 10_000
  const arm = (part: number) => meanArm(setup.cuts, requests * part, errorRatio)
  return {
    boot: 'forecast',
    seq: at,
    at,
    durationMs,
    revision: 1,
    rollout: 'forecast',
    epoch: 0,
    weights: { [setup.canary]: weightBp, [setup.stable]: 10_000 - weightBp },
    sticky: false,
    arms: { [setup.canary]: arm(share), [setup.stable]: arm(1 - share) },
    ...(mirrorBp === 0 ? {} : { mirror: meanPairs(Math.floor((requests * (1 - share) * mirrorBp) / 10_000)) }),
  }
}

/** Pairs that are alike. */
function meanPairs(compared: number): MirrorSlot {
  return {
    sent: compared,
    dropped: 0,
    compared,
    different: 0,
    differentStatus: 0,
    differentBody: 0,
    onlyCanaryFailed: 0,
    onlyStableFailed: 0,
    canaryLatency: [],
    stableLatency: [],
  }
}

/** What would go on at once if nobody took any time: copies, gates, people; null when only evidence is waited for. */
function atOnce(state: RolloutState, plan: Plan): RolloutEvent | null {
  if (state.phase !== 'watching' && state.phase !== 'holding') return null
  const { attempt, step } = state
  if (state.waitingBp !== undefined) return { type: 'scaled', attempt, step }
  if (state.phase === 'holding')
    return state.reason === 'pause-step' ? { type: 'resume', by: 'forecast', why: '' } : null
  const asked = gateAsked(state, plan)
  if (asked === null) return null
  const { gate, at } = asked
  if (gate.kind !== 'approval') return { type: 'gate', attempt, step, gate: at, outcome: 'passed', why: '' }
  const place = state.approvals?.length ?? 0
  return { type: 'approve', by: gate.from?.[place] ?? `person ${place + 1}`, why: '' }
}

/** What a version does in the mean: failures at its rate, and latencies that fall between the cuts as their quantiles say. */
function meanArm(cuts: readonly LatencyCut[], requests: number, errorRatio: number): ArmSlot {
  const errors = requests * errorRatio
  const answered = requests - errors
  const slow = cuts.map(({ quantile }, i) => [`slow${i}`, [answered * (1 - quantile), 0, 0]] as const)
  const latency = cuts.map(({ bin, quantile }, i) => {
    const upTo = cuts[i + 1]?.quantile ?? 1
    return [bin + 1, answered * (upTo - quantile)] as const
  })
  const fast = cuts[0]
  return {
    requests,
    errors,
    statusClasses: [0, 0, answered, 0, 0, errors],
    randomised: requests,
    randomisedErrors: errors,
    newUnits: requests,
    servedUnits: requests,
    firstRequests: requests,
    firstErrors: errors,
    events: Object.fromEntries([['error', [errors, 0, 0]], ...slow]),
    recentEvents: {},
    buckets: [],
    latency: fast === undefined ? [] : [[fast.bin, answered * fast.quantile], ...latency],
    latencySumMs: 0,
    latencyScored: answered,
    inFlight: 0,
  }
}
