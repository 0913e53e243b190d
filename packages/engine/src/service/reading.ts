import type { EvidenceCursor } from '@serin/kit'

/** How far the evidence of a service has been read, and the last gateways that another has replaced since. */
export interface Reading extends EvidenceCursor {
  readonly gone?: readonly string[]
}

const keptGone = 16

/** How far it has been read with this slot; null when it has been read before, or is of a gateway that has been replaced: slots come at least once. */
export function readOn(before: Reading | null, { boot, seq }: EvidenceCursor): Reading | null {
  if (before === null) return { boot, seq }
  const { gone = [] } = before
  if (before.boot === boot) return seq <= before.seq ? null : { ...before, seq }
  if (gone.includes(boot)) return null
  return { boot, seq, gone: [...gone, before.boot].slice(-keptGone) }
}
