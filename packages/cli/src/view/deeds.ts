import type { Rollout } from '@serin/spec'
import { weight } from './figures.ts'
import { isOpen } from './versions.ts'

/** What a key does to the rollout that is seen. */
export interface Deed {
  readonly operation: 'pause' | 'resume' | 'abort' | 'promote' | 'approve'
  readonly name: string
  /** What will happen, for the question. */
  readonly effect: string
  /** It goes past the evidence, so it is not done without a reason. */
  readonly wantsWhy: boolean
  /** What was seen when the key was pressed: elsewhere the deed does nothing. */
  readonly seen: Pick<Rollout, 'id' | 'attempt' | 'step'> & { readonly gate: string | null }
}

/** The keys that do something to a rollout, and what they are called. */
export const deedKeys = { h: 'hold', r: 'roll back', p: 'promote', a: 'approve' } as const
export type DeedKey = keyof typeof deedKeys

/** The deed of a key, or why there is none now. */
export function deedOf(key: DeedKey, rollout: Rollout): Deed | string {
  const { id, attempt, step, steps, stable, canary, phase, gate, askedBp, inForceBp } = rollout
  const share = weight(inForceBp ?? askedBp)
  const moves = phase === 'watching' || phase === 'holding'
  const seen = { id, attempt, step, gate: gate?.name ?? null }
  const deed = (operation: Deed['operation'], name: string, effect: string): Deed => ({
    operation,
    name,
    effect,
    wantsWhy: operation === 'promote',
    seen,
  })
  switch (key) {
    case 'h':
      if (phase === 'holding') return deed('resume', 'Resume', `${canary} goes on from ${share}, as the plan says.`)
      if (phase === 'watching' || phase === 'preparing')
        return deed('pause', 'Hold', `${canary} stays at ${share} until somebody resumes it; harm still rolls it back.`)
      return `There is nothing to hold: it is ${phase}.`
    case 'r':
      if (!isOpen(rollout) || phase === 'rolling-back') return `There is nothing to roll back: it is ${phase}.`
      return deed('abort', 'Roll back', `${canary} goes from ${share} to 0 % in about 2 s; ${stable} has all traffic.`)
    case 'p': {
      if (!moves) return `There is nothing to promote: it is ${phase}.`
      const next = step === null ? undefined : steps[step + 1]
      return deed(
        'promote',
        `Promote past step ${(step ?? 0) + 1}`,
        `${canary} goes from ${share} to ${weight(next?.weightBp ?? 10_000)} in about 2 s, before the evidence has said that this is safe.`,
      )
    }
    case 'a':
      if (gate?.people == null) return 'No gate waits for people.'
      return deed(
        'approve',
        'Approve',
        `You say yes to "${gate.name}": ${gate.approvals.length + 1} of ${gate.people}.`,
      )
  }
}

/** Why a deed that was asked for no longer fits what is seen; null while it does. */
export function outdated({ operation, seen }: Deed, rollout: Rollout | null): string | null {
  if (rollout?.id !== seen.id || rollout.attempt !== seen.attempt)
    return 'Another rollout has taken its place meanwhile.'
  if (!isOpen(rollout)) return `It is ${rollout.phase} meanwhile.`
  if (operation === 'promote' && rollout.step !== seen.step)
    return rollout.step === null ? `It is ${rollout.phase} meanwhile.` : `It is at step ${rollout.step + 1} meanwhile.`
  if ((operation === 'pause' && rollout.phase === 'holding') || (operation === 'resume' && rollout.phase !== 'holding'))
    return `It is ${rollout.phase} meanwhile.`
  if (operation === 'approve' && rollout.gate?.name !== seen.gate) return 'That gate is not asked any more.'
  return null
}
