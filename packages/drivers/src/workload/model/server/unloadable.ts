import { engineSaid } from './engine-said.ts'

/** A model that can never be loaded: one sentence that says why. */
export class Unloadable extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'Unloadable'
  }
}

/** What the engine says against a model, in a sentence for people. */
export function unloadable(file: { readonly path: string; readonly bytes: number }, cause: unknown): Unloadable {
  const raw = cause instanceof Error ? cause.message : String(cause)
  return new Unloadable(`${file.path} ${reason(raw, file.bytes)}`, { cause })
}

function reason(raw: string, bytes: number): string {
  if (/protobuf parsing failed|No graph was found|Missing opset|INVALID_PROTOBUF/.test(raw))
    return `is not a whole ONNX model: its ${bytes} bytes are torn, or of another format.`
  const operator = /No Op registered for (\S+) with domain_version of (\d+)/.exec(raw)
  if (operator !== null)
    return `uses an operator that the engine does not know: ${operator[1] ?? ''} in operator set ${operator[2] ?? ''}.`
  const custom = /(\S+?)\(-?\d+\) is not a registered function\/op/.exec(raw)
  if (custom !== null) return `uses an operator that the engine does not know: ${custom[1] ?? ''}.`
  if (/out of memory|bad_alloc|allocation failed/i.test(raw)) return `does not fit into memory: ${engineSaid(raw)}`
  return `cannot be loaded: ${engineSaid(raw)}`
}
