import type { Tensor } from '../protocol/datatype.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { TensorSignature } from './engine.ts'

/** Throws a 400 with one sentence when the inputs are not the ones the model declares. */
export function checkInputs(declared: readonly TensorSignature[], given: readonly Tensor[]): void {
  const seen = new Set<string>()
  for (const tensor of given) {
    const signature = declared.find(({ name }) => name === tensor.name)
    if (signature === undefined)
      throw refused(`The model has no input "${tensor.name}". Known: ${declared.map(({ name }) => name).join(', ')}.`)
    if (seen.has(tensor.name)) throw refused(`The input "${tensor.name}" is there twice.`)
    seen.add(tensor.name)
    checkInput(signature, tensor)
  }
  const missing = declared.find(({ name }) => !seen.has(name))
  if (missing !== undefined) throw refused(`The input "${missing.name}" is missing.`)
}

function checkInput(signature: TensorSignature, { name, datatype, shape, data }: Tensor): void {
  if (datatype !== signature.datatype)
    throw refused(`The input "${name}" is ${datatype}; the model takes ${signature.datatype}.`)
  const fits =
    shape.length === signature.shape.length &&
    signature.shape.every((length, i) => length === -1 || length === shape[i])
  if (!fits)
    throw refused(
      `The input "${name}" has the shape [${shape.join(', ')}]; the model takes [${signature.shape.join(', ')}].`,
    )
  // The engine takes texts as C does: everything behind a NUL would be lost without a word.
  if (datatype === 'BYTES' && (data as readonly string[]).some((text) => text.includes('\0')))
    throw refused(`A text of the input "${name}" contains a NUL character, which the engine cannot take.`)
}

function refused(message: string): ProtocolError {
  return new ProtocolError(400, message)
}
