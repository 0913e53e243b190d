import { momentOf, type Freeze } from '@serin/spec'

/** The freeze in force, or null: from its beginning, until before its end. */
export function freezeAt(freezes: readonly Freeze[], now: number): Freeze | null {
  return freezes.find(({ from, to }) => momentOf(from) <= now && now < momentOf(to)) ?? null
}
