import {
  advance,
  comparesOf,
  foldSlot,
  gateAsked,
  isQuiet,
  judge,
  judgedBy,
  missingFor,
  nextWeightBp,
  rampOf,
  readRamp,
  stepOf,
  wantedEvidence,
  type AnalysisSetup,
  type AnalysisState,
  type EvidenceSlot,
  type Plan,
  type RolloutEvent,
  type RolloutState,
} from '@serin/core'
import type { Analysis, Judgement } from '@serin/spec'
import type { World } from './world.ts'

/** A rollout under way. */
export interface Rollout {
  readonly state: RolloutState
  readonly analysis: AnalysisState
  /** What is amiss with the evidence, and since when. */
  readonly health: { readonly is: Judgement['health']; readonly sinceMs: number } | null
}

/** What a rollout goes by. */
export interface Rules {
  readonly plan: Plan
  readonly setup: AnalysisSetup
  readonly analysis: Analysis
  readonly world: World
}

/** A moment: its time, whether copies still warm up, and what the gateway said, if it said anything. */
export interface Moment {
  readonly now: number
  readonly warmingUp: boolean
  readonly slot: EvidenceSlot | null
  /** Evidence time of a long slot in which canary was silent in parts; null: what the analysis says. */
  readonly creditMs: number | null
}

/** The version is ready: the first step begins. */
export function ready(rollout: Rollout, { plan, setup }: Rules, now: number): Rollout {
  const ramp = rampOf({ ramp: readRamp(setup, rollout.analysis) })
  return after(rollout, { type: 'canary-ready', ...ramp }, plan, now)
}

/**
 * Everything that happens to a rollout at a moment, in the order of the engine: evidence, missing evidence, time, then what gates, copies and people do.
 * The only place that makes events.
 */
export function happen(rollout: Rollout, rules: Rules, moment: Moment): Rollout {
  const { plan } = rules
  const { now } = moment
  const judged = onEvidence(rollout, rules, moment)
  const ticked = after(judged, { type: 'tick' }, plan, now)
  const moved = onOthers(ticked, rules, now)
  const { phase } = moved.state
  // The router does what it is asked for at once.
  if (phase === 'promoting') return after(moved, { type: 'in-force', weightBp: 10_000 }, plan, now)
  if (phase === 'rolling-back') return after(moved, { type: 'in-force', weightBp: 0 }, plan, now)
  return moved
}

/** When something is due that no evidence brings, in ms; Infinity when nothing is. */
export function dueAt({ state }: Rollout, { plan, world }: Rules): number {
  if (state.phase !== 'watching' && state.phase !== 'holding') return Infinity
  if (state.waitingBp !== undefined) return state.since + world.startsMs
  if (state.phase === 'holding') return state.reason === 'pause-step' ? state.since + world.peopleMs : Infinity
  const asked = gateAsked(state, plan)
  if (asked === null) return Infinity
  return asked.since + (asked.gate.kind === 'approval' ? world.peopleMs : world.gatesMs)
}

function onEvidence(rollout: Rollout, rules: Rules, { now, warmingUp, slot, creditMs }: Moment): Rollout {
  const { plan, setup } = rules
  const { state } = rollout
  const folded =
    slot === null
      ? { state: rollout.analysis, creditMs: 0 }
      : foldSlot(setup, rollout.analysis, slot, wantedEvidence(state, plan))
  const judgement = judge(setup, folded.state, {
    nextBp: nextWeightBp(state, plan),
    now,
    since: state.since,
    warmingUp,
    ...comparesOf(state, plan),
  })
  const { health } = judgement
  const since = rollout.health?.is === health ? rollout.health.sinceMs : now
  const next: Rollout = { state, analysis: folded.state, health: { is: health, sinceMs: since } }
  if (slot === null) return missing(next, judgement, rules, now)
  const evidenceMs = folded.creditMs === 0 ? 0 : (creditMs ?? folded.creditMs)
  const judged = after(next, judgedBy(judgement, { attempt: state.attempt, creditMs: evidenceMs }), plan, now)
  return missing(judged, judgement, rules, now)
}

/** Evidence that has been missing for longer than the service wants to wait. */
function missing(rollout: Rollout, judgement: Judgement, { plan, analysis }: Rules, now: number): Rollout {
  const { health, state } = rollout
  const step = stepOf(state, plan)
  if (health === null || step === null || isQuiet(step)) return rollout
  const found = missingFor(judgement, now - Math.max(health.sinceMs, state.since), analysis)
  if (found === null) return rollout
  return after(rollout, { type: 'unhealthy', attempt: state.attempt, ...found }, plan, now)
}

/** What gates, copies and people do when it is time. */
function onOthers(rollout: Rollout, rules: Rules, now: number): Rollout {
  const { state } = rollout
  const { plan } = rules
  if (now < dueAt(rollout, rules)) return rollout
  if (state.phase !== 'watching' && state.phase !== 'holding') return rollout
  const { attempt, step } = state
  if (state.waitingBp !== undefined) return after(rollout, { type: 'scaled', attempt, step }, plan, now)
  if (state.phase === 'holding')
    return after(rollout, { type: 'resume', by: 'simulation', why: 'A person goes on.' }, plan, now)
  const asked = gateAsked(state, plan)
  if (asked === null) return rollout
  const { at, gate } = asked
  const why = 'Gates pass here.'
  if (gate.kind !== 'approval')
    return after(rollout, { type: 'gate', attempt, step, gate: at, outcome: 'passed', why }, plan, now)
  // They come together.
  const people = Array.from({ length: gate.people }, (_, i) => gate.from?.[i] ?? `person-${i + 1}`)
  return people.reduce((next, by) => after(next, { type: 'approve', by, why }, plan, now), rollout)
}

function after(rollout: Rollout, event: RolloutEvent, plan: Plan, now: number): Rollout {
  const outcome = advance(rollout.state, event, plan, now)
  return 'state' in outcome ? { ...rollout, state: outcome.state } : rollout
}
