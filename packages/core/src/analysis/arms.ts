import type { Judgement } from '@serin/spec'
import type { EvidenceSlot } from '../evidence.ts'

/**
 * What a slot says of a challenger and stable alone: of the units of both, the challenger has its part of the shares of both. Conditional on
 * being in one of the two the hash is as fair a coin as in a test of two arms.
 */
export function pairOf(slot: EvidenceSlot, challenger: string, stable: string): EvidenceSlot {
  const bp = pairShareBp(slot.weights[challenger] ?? 0, slot.weights[stable] ?? 0)
  const arms = Object.entries(slot.arms).filter(([version]) => version === challenger || version === stable)
  return { ...slot, weights: { [challenger]: bp, [stable]: 10_000 - bp }, arms: Object.fromEntries(arms) }
}

/** The challenger's part of two shares, in basis points. */
export function pairShareBp(challengerBp: number, stableBp: number): number {
  const both = challengerBp + stableBp
  return both === 0 ? 0 : Math.round((10_000 * challengerBp) / both)
}

/** A version that wants stable's place, and what the evidence says about the two. */
export interface Challenger {
  readonly version: string
  readonly judgement: Judgement | null
}

/** What becomes of the challengers of an experiment. */
export interface ArmsDecision {
  /** Proved to be harmful: they lose their traffic. */
  readonly harmful: readonly string[]
  /** Once every one that is left is decided: the best of those that are better, or null when none is. */
  readonly best: { readonly version: string } | null | 'undecided'
}

/** Decides an experiment: harm at once, the rest when all that are left are decided. Of several that are better, the one with the largest estimate. */
export function decideArms(
  challengers: readonly Challenger[],
  goal: { readonly metric: string; readonly better: 'lower' | 'higher' },
): ArmsDecision {
  const harmful = challengers.filter(({ judgement }) => judgement?.verdict === 'harmful').map(({ version }) => version)
  const left = challengers.filter(({ version }) => !harmful.includes(version))
  if (left.length === 0) return { harmful, best: 'undecided' }
  if (left.some(({ judgement }) => (judgement?.goal?.verdict ?? 'undecided') === 'undecided'))
    return { harmful, best: 'undecided' }
  const better = left
    // Better at the goal is not enough: it has to be safe everywhere else.
    .filter(({ judgement }) => judgement?.goal?.verdict === 'better' && judgement.verdict === 'safe')
    .toSorted((a, b) => gainOf(b, goal) - gainOf(a, goal))
  const waiting = left.some(
    ({ judgement }) => judgement?.goal?.verdict === 'better' && judgement.verdict === 'undecided',
  )
  const [first] = better
  if (first !== undefined) return { harmful, best: { version: first.version } }
  return { harmful, best: waiting ? 'undecided' : null }
}

function gainOf(
  { judgement }: Challenger,
  { metric, better }: { readonly metric: string; readonly better: string },
): number {
  const difference = judgement?.metrics.find(({ name }) => name === metric)?.difference ?? 0
  return better === 'higher' ? difference : -difference
}
