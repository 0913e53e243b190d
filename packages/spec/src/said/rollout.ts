import type { Judgement, Rollout } from '../resources.ts'
import { formatWeight } from './figures.ts'
import { say, type Phrase } from './phrase.ts'
import type { PhraseCode } from './english.ts'

type Step = Rollout['steps'][number]
type Held = NonNullable<RolloutFacts['step']>

/** What the sentence about a rollout is made of: as the API tells it. */
export interface RolloutFacts extends Pick<
  Rollout,
  'phase' | 'canary' | 'stable' | 'askedBp' | 'evidenceMs' | 'reason' | 'by' | 'why'
> {
  /** The step in force; null before the first and after the last. */
  readonly step: Pick<Step, 'weightBp' | 'fromBp' | 'holdMs' | 'mirrorBp' | 'passes' | 'canaryReplicas'> | null
  /** Copies for the step are not ready yet. */
  readonly waitsForCopies: boolean
  /** The gate that is asked, or has failed; with `people`: how many it takes. */
  readonly gate: { readonly name: string; readonly approvals: number; readonly people: number | null } | null
  readonly judgement: Pick<Judgement, 'verdict' | 'sentence' | 'goal'> | null
}

/** Is it all right? What the first line of every view says. The judgement is quoted. */
export function rolloutSaid(facts: RolloutFacts): readonly Phrase[] {
  const { phase, canary, stable, step } = facts
  const why = because(facts.why)
  switch (phase) {
    case 'preparing':
      return say('rollout.preparing', { canary, stable })
    case 'watching':
      return step === null
        ? say('rollout.watching', { canary })
        : [...placeSaid(facts, step), ...evidenceSaid(facts, step), ...waitsSaid(facts, step)]
    case 'holding':
      return holdingSaid(facts)
    case 'promoting':
      return say('rollout.promoting', { canary, why })
    case 'rolling-back':
      return say('rollout.rollingBack', { stable, why })
    case 'promoted':
      return say('rollout.promoted', { canary })
    case 'rolled-back':
      return say('rollout.rolledBack', { canary, stable, why, reason: reasonSaid(facts.reason) })
  }
}

const reasons: Readonly<Record<string, PhraseCode>> = {
  harmful: 'why.harmful',
  budget: 'why.budget',
  aborted: 'why.aborted',
  failed: 'why.failed',
  superseded: 'why.superseded',
  gate: 'why.gate',
  'no-evidence': 'why.no-evidence',
  'no-gain': 'why.no-gain',
  deadline: 'why.deadline',
}

function reasonSaid(reason: string | null): readonly Phrase[] {
  const code = reasons[reason ?? '']
  return code === undefined ? say('quoted', { text: reason ?? '' }) : say(code)
}

/** Where canary is, and what for. */
function placeSaid({ canary, stable, askedBp, waitsForCopies }: RolloutFacts, step: Held): readonly Phrase[] {
  const { weightBp, fromBp, holdMs, mirrorBp, passes } = step
  const weight = formatWeight(askedBp)
  if (weightBp === 0) return say(mirrorBp === undefined ? 'rollout.quiet' : 'rollout.copies', { canary })
  if (waitsForCopies) return askedBp === 0 ? say('rollout.quiet', { canary }) : say('rollout.keeps', { canary, weight })
  const hold = { ms: holdMs }
  if (fromBp !== undefined) return say('rollout.switching', { canary, hold, weight, whole: formatWeight(weightBp) })
  if (weightBp === 10_000)
    return holdMs === 0 ? say('rollout.all', { canary }) : say('rollout.allFor', { canary, hold })
  return passes === 'decided'
    ? say('rollout.comparing', { canary, stable, weight })
    : say('rollout.watchingAt', { canary, weight })
}

/** What the evidence says, where it is asked. */
function evidenceSaid({ judgement, waitsForCopies, evidenceMs }: RolloutFacts, step: Held): readonly Phrase[] {
  const { weightBp, mirrorBp, passes, holdMs } = step
  if ((weightBp === 0 && mirrorBp === undefined) || waitsForCopies) return []
  if (judgement === null) return say('rollout.first')
  const { verdict, sentence, goal } = judgement
  const restMs = Math.max(0, holdMs - evidenceMs)
  const isTimed = (verdict === 'safe' || passes === 'no-harm') && verdict !== 'harmful' && restMs > 0
  const ofGoal = passes === 'decided' && verdict !== 'harmful' && goal?.sentence !== sentence ? goal?.sentence : ''
  return [
    ...quoted(sentence),
    ...quoted(ofGoal ?? ''),
    ...(isTimed ? say('rollout.toGo', { rest: { ms: Math.ceil(restMs / 1_000) * 1_000 } }) : []),
  ]
}

/** What is waited for besides the evidence. */
function waitsSaid({ waitsForCopies, gate }: RolloutFacts, step: Held): readonly Phrase[] {
  const copies = step.canaryReplicas ?? 0
  const weight = formatWeight(step.fromBp ?? step.weightBp)
  return [
    ...(waitsForCopies ? say(copies === 1 ? 'rollout.copy' : 'rollout.someCopies', { copies, weight }) : []),
    ...gateSaid(gate),
  ]
}

function gateSaid(asked: RolloutFacts['gate']): readonly Phrase[] {
  if (asked === null) return []
  const { name: gate, approvals, people } = asked
  if (people === null) return say('rollout.gate', { gate })
  return people === 1
    ? say('rollout.gatePerson', { gate, approvals })
    : say('rollout.gatePeople', { gate, approvals, people })
}

function holdingSaid({ canary, step, askedBp, reason, by, gate, ...facts }: RolloutFacts): readonly Phrase[] {
  const why = because(facts.why)
  if (step === null) return say('rollout.heldBefore', { by: by ?? '', why })
  const place = askedBp === 0 ? say('place.none') : say('place.at', { weight: formatWeight(askedBp) })
  const judged = quoted(facts.judgement?.sentence ?? '')
  switch (reason) {
    case 'gate':
      return [...say('rollout.heldGate', { canary, place, gate: gate?.name ?? '', why }), ...judged]
    case 'no-evidence':
      return [...say('rollout.heldMissing', { canary, place, why }), ...judged]
    default:
      return [...say('rollout.heldBy', { canary, place, by: by ?? '', why }), ...judged]
  }
}

function quoted(text: string): readonly Phrase[] {
  return text === '' ? [] : say('quoted', { text })
}

function because(why: string | null): readonly Phrase[] {
  return why === null || why === '' ? [] : say('because', { text: why.replace(/\.$/, '') })
}
