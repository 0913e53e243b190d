import { bodyOf, versions } from './requests.ts'

const headEnd = Buffer.from('\r\n\r\n')
const status = Buffer.from('HTTP/1.1 200 ')
const bodies = new Map(Object.values(versions).map((version) => [bodyOf(version), version]))
const bodyBytes = bodyOf(versions.stable).length
const lengths = [`\r\nContent-Length: ${bodyBytes}\r\n`, `\r\ncontent-length: ${bodyBytes}\r\n`]

/** What the bytes so far are: a whole answer of a version, the beginning of one, or something else than the expected answer. */
export type Answer = { readonly version: string } | 'more' | 'wrong'

const whole = new Map([...bodies.values()].map((version) => [version, { version }]))

/** Reads the answer to one request: a 200 with the length and the whole body of a version, and not a byte more. */
export function readAnswer(bytes: Buffer): Answer {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return bytes.length < 16_384 ? 'more' : 'wrong'
  if (status.compare(bytes, 0, status.length) !== 0) return 'wrong'
  const missing = end + headEnd.length + bodyBytes - bytes.length
  if (missing > 0) return 'more'
  if (missing < 0) return 'wrong'
  const head = bytes.toString('latin1', 0, end + 2)
  if (!lengths.some((line) => head.includes(line))) return 'wrong'
  const version = bodies.get(bytes.toString('latin1', end + headEnd.length))
  return (version === undefined ? undefined : whole.get(version)) ?? 'wrong'
}
