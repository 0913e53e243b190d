import {
  createAnalysis,
  decideArms,
  foldObservations,
  foldSlot,
  pairOf,
  pairShareBp,
  stepOf,
  type AnalysisSetup,
  type EvidenceSlot,
  type TracedObservation,
} from '@serin/core'
import type { JournalDraft } from '@serin/kit'
import type { Judgement } from '@serin/spec'
import type { Rival, RolloutDocument } from '../documents.ts'
import type { Traced } from '../trace.ts'
import { rolloutEntry } from './changes.ts'
import type { ServiceRecord } from './record.ts'
import type { Replicas } from './replicas.ts'

/** Rivals as an attempt begins: each with an analysis of its own against stable. */
export function beginRivals(rollout: RolloutDocument, setup: AnalysisSetup): readonly Rival[] {
  return (rollout.plan.rivals ?? []).map((version) => {
    const own = { ...setup, canary: version }
    return { version, setup: own, analysis: createAnalysis(own), judgement: null, dropped: null }
  })
}

/** Rivals that still have traffic, or are to have it. */
export function rivalsLeft({ rivals = [] }: Pick<RolloutDocument, 'rivals'>): readonly Rival[] {
  return rivals.filter(({ dropped }) => dropped === null)
}

/** Whether the step in force is the experiment. */
export function isExperiment({ state, plan }: RolloutDocument): boolean {
  return stepOf(state, plan)?.passes === 'decided'
}

/** What a slot is for canary and stable alone, where there are rivals, and the share that is wanted then. */
export function slotOfCanary(
  { plan, rivals = [] }: RolloutDocument,
  slot: EvidenceSlot,
  wantedBp: number,
): { readonly slot: EvidenceSlot; readonly bp: number } {
  if (rivals.length === 0) return { slot, bp: wantedBp }
  const [own = 0, stable = 0] = [slot.weights[plan.canary], slot.weights[plan.stable]]
  return { slot: pairOf(slot, plan.canary, plan.stable), bp: own === wantedBp ? pairShareBp(own, stable) : -1 }
}

/** Folds a slot into the analysis of every rival that is left. */
export function foldRivals(rollout: RolloutDocument, slot: EvidenceSlot): Pick<RolloutDocument, 'rivals'> {
  const { rivals, plan } = rollout
  if (rivals === undefined) return {}
  return {
    rivals: rivals.map((rival) => {
      if (rival.dropped !== null) return rival
      const pair = pairOf(slot, rival.version, plan.stable)
      const bp = pair.weights[rival.version] ?? 0
      return { ...rival, analysis: foldSlot(rival.setup, rival.analysis, pair, { bp }).state }
    }),
  }
}

/** Folds observations in: each counts for the version that served it, and stable's for every challenger. */
export function observeRivals(rollout: RolloutDocument, traced: readonly Traced[]): Pick<RolloutDocument, 'rivals'> {
  const { rivals, plan } = rollout
  if (rivals === undefined) return {}
  return {
    rivals: rivals.map((rival) => {
      const own = observationsOf(traced, rival.version, plan.stable)
      if (rival.dropped !== null || own.length === 0) return rival
      return { ...rival, analysis: foldObservations(rival.setup, rival.analysis, own) }
    }),
  }
}

/** The observations of a challenger and of stable. */
export function observationsOf(
  traced: readonly Traced[],
  challenger: string,
  stable: string,
): readonly TracedObservation[] {
  return traced
    .filter(({ version }) => version === challenger || version === stable)
    .map(({ version, observation }) => ({ ...observation, arm: version === challenger ? 'canary' : 'stable' }))
}

/**
 * What the evidence makes of the challengers: the harmful ones lose their traffic; a rival takes the place of a harmful canary; when all are decided the best one
 * does. `isOpen` says that not all are decided: nothing may pass yet.
 */
export function settleRivals(rollout: RolloutDocument & { readonly judgement: Judgement }): {
  readonly rollout: RolloutDocument & { readonly judgement: Judgement }
  readonly journal: readonly JournalDraft[]
  readonly isOpen: boolean
} {
  const { plan, setup, judgement } = rollout
  const left = rivalsLeft(rollout)
  const metric = plan.goal === undefined ? undefined : setup?.metrics[plan.goal.metric]
  if (plan.goal === undefined || metric === undefined || left.length === 0 || !isExperiment(rollout))
    return { rollout, journal: [], isOpen: false }
  const better = metric.kind === 'observation' ? metric.better : 'lower'
  const { harmful, best } = decideArms([{ version: plan.canary, judgement }, ...left], { ...plan.goal, better })
  const journal: JournalDraft[] = []
  let next = rollout
  const drop = (version: string, why: string): void => {
    next = dropped(next, version, why)
    journal.push(rolloutEntry(next, 'rollout.arm', 'serin', { version, what: 'dropped', why }))
  }
  for (const rival of left.filter(({ version }) => harmful.includes(version)))
    drop(rival.version, rival.judgement?.sentence ?? 'Harm is proved.')
  const heirs = rivalsLeft(next)
  const winner = best !== 'undecided' && best !== null ? best.version : null
  const heir = winner ?? (harmful.includes(plan.canary) ? heirs[0]?.version : undefined) ?? plan.canary
  if (heir !== plan.canary) {
    const why = harmful.includes(plan.canary) ? judgement.sentence : 'Another challenger is better.'
    next = exchanged(next, heir, why)
    journal.push(
      rolloutEntry(next, 'rollout.arm', 'serin', {
        version: heir,
        what: 'chosen',
        why: next.judgement.goal?.sentence ?? why,
      }),
    )
  }
  // The experiment is over: nobody else needs traffic.
  if (best !== 'undecided') for (const rival of rivalsLeft(next)) drop(rival.version, 'The experiment is decided.')
  return { rollout: next, journal, isOpen: best === 'undecided' }
}

function dropped<Document extends RolloutDocument>(rollout: Document, version: string, why: string): Document {
  const rivals = (rollout.rivals ?? []).map((rival) => (rival.version === version ? { ...rival, dropped: why } : rival))
  return { ...rollout, rivals }
}

/** Whether every other challenger is up, or never will be. */
export function rivalsReady({ plan }: RolloutDocument, replicas: Replicas): boolean {
  return (plan.rivals ?? []).every((version) => ['ready', 'failed'].includes(replicas.observe(version).state))
}

/** A challenger that does not run is dropped; the experiment goes on with the others. */
export function dropFailedRival(record: ServiceRecord, replicas: Replicas): void {
  const { active } = record
  if (active === null) return
  for (const { version } of rivalsLeft(active)) {
    const { state, failure } = replicas.observe(version)
    if (state !== 'failed') continue
    const why = failure?.message ?? `${version} failed.`
    const next = dropped(active, version, why)
    const journal = [rolloutEntry(next, 'rollout.arm', 'serin', { version, what: 'dropped', why })]
    return record.commit({ rollouts: [next], journal })
  }
}

/** A rival takes canary's place in the plan, with its evidence; canary is dropped. */
function exchanged<Document extends RolloutDocument & { readonly judgement: Judgement }>(
  rollout: Document,
  heir: string,
  why: string,
): Document {
  const { plan, setup, analysis, judgement, rivals = [] } = rollout
  const rival = rivals.find(({ version }) => version === heir)
  if (rival === undefined || setup === null || analysis === null) return rollout
  const old: Rival = { version: plan.canary, setup, analysis, judgement, dropped: why }
  return {
    ...rollout,
    plan: { ...plan, canary: heir },
    setup: rival.setup,
    analysis: rival.analysis,
    judgement: rival.judgement ?? judgement,
    rivals: [old, ...rivals.filter(({ version }) => version !== heir)],
  }
}
