import { kindOf } from './datatype.ts'
import type { Datatype, NumericData, TensorData } from './datatype.ts'
import { ProtocolError } from './protocol-error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The values in the bytes of the binary extension: little-endian, BYTES as length and text. Throws a 400 when they do not fit. */
export function parseBinaryData(datatype: Datatype, bytes: Uint8Array, name: string): TensorData {
  if (datatype === 'BYTES') return parseTexts(bytes, name)
  const { bytes: width, view } = kindOf(datatype)
  if (bytes.length % width !== 0)
    throw new ProtocolError(400, `"${name}" has ${bytes.length} bytes, not a multiple of the ${width} of ${datatype}.`)
  // A copy of its own: the engine may keep it, and it begins where the values may begin.
  return view(new Uint8Array(bytes).buffer)
}

function parseTexts(bytes: Uint8Array, name: string): readonly string[] {
  const texts: string[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Infinity
    if (end > bytes.length)
      throw new ProtocolError(400, `The bytes of "${name}" end in the middle of text ${texts.length}.`)
    try {
      texts.push(utf8.decode(bytes.subarray(at + 4, end)))
    } catch (cause) {
      throw new ProtocolError(400, `Text ${texts.length} of "${name}" is not UTF-8.`, { cause })
    }
    at = end
  }
  return texts
}

/** The bytes of the values in the binary extension. */
export function renderBinaryData(datatype: Datatype, data: TensorData): Uint8Array {
  if (datatype !== 'BYTES') {
    const { buffer, byteOffset, byteLength } = data as NumericData
    return new Uint8Array(buffer, byteOffset, byteLength)
  }
  const texts = (data as readonly string[]).map((text) => Buffer.from(text))
  const bytes = Buffer.alloc(texts.reduce((sum, text) => sum + 4 + text.length, 0))
  let at = 0
  for (const text of texts) {
    at = bytes.writeUInt32LE(text.length, at)
    at += text.copy(bytes, at)
  }
  return bytes
}
