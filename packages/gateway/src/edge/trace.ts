import { randomFillSync } from 'node:crypto'

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/
const noTrace = /^0+$/

/** What becomes of the trace of a request. */
export interface Trace {
  /** Null: it is in none. */
  readonly id: string | null
  /** The `traceparent` that takes the place of what came, without its `tracestate`; null: what came stays as it is. */
  readonly parent: string | null
}

const untraced: Trace = { id: null, parent: null }

/** Reads a `traceparent` (W3C Trace Context, level 1): one that is sound stays, one that is not begins a new trace. `begins`: so does its absence. */
export function traceOf(given: string | undefined, begins: boolean): Trace {
  if (given === undefined) return begins ? newTrace() : untraced
  const parts = form.exec(given)
  if (parts === null) return newTrace()
  const [, version = '', id = '', parent = '', more] = parts
  // Later versions may say more than this one knows.
  const sound = version === '00' ? more === undefined : version !== 'ff'
  return sound && !noTrace.test(id) && !noTrace.test(parent) ? { id, parent: null } : newTrace()
}

const chance = Buffer.alloc(4_800)
let at = chance.length

/** Sampled: whoever asks whether a trace is recorded should hear that somebody wants it. */
function newTrace(): Trace {
  if (at === chance.length) {
    randomFillSync(chance)
    at = 0
  }
  const id = chance.toString('hex', at, at + 16)
  const parent = chance.toString('hex', at + 16, at + 24)
  at += 24
  return { id, parent: `00-${id}-${parent}-01` }
}
