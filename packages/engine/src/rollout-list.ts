import type { RolloutDocument } from './documents.ts'

/** Which rollouts of many. */
export interface WhichRollouts {
  /** Only those that are listed after this one, by its id. */
  readonly before?: string | undefined
  /** Only those that have every one of these words. */
  readonly find?: string | undefined
}

interface Owned {
  readonly rollout: RolloutDocument
}

/** A page of rollouts, newest first; null when there is none with the id of `before`. */
export function listed<T extends Owned>(all: readonly T[], which: WhichRollouts, limit: number): readonly T[] | null {
  const { before, find = '' } = which
  const sorted = [...all].sort(
    ({ rollout: a }, { rollout: b }) => b.startedAt - a.startedAt || b.number - a.number || (a.id < b.id ? -1 : 1),
  )
  const begin = before === undefined ? 0 : sorted.findIndex(({ rollout }) => rollout.id === before) + 1
  if (before !== undefined && begin === 0) return null
  const words = find.toLowerCase().split(/\s+/).filter(Boolean)
  const page: T[] = []
  for (const one of sorted.slice(begin)) {
    if (page.length === limit) break
    if (hasWords(one.rollout, words)) page.push(one)
  }
  return page
}

function hasWords({ id, plan, state }: RolloutDocument, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const reason = 'reason' in state ? state.reason : ''
  const text = `${id} ${plan.stable} ${plan.canary} ${plan.strategy} ${state.phase} ${reason}`.toLowerCase()
  return words.every((word) => text.includes(word))
}
