import type { Framing } from './answer-head.ts'
import { Fields } from './fields.ts'
import { kinds } from './names.ts'

/** Why a request is not served: a status and a sentence. */
export interface Unsound {
  readonly status: number
  readonly detail: string
}

const hostText = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:\d{0,5})?$/
const lineText = /^([A-Z][A-Z-]*) ([\x21-\x7e]+) HTTP\/1\.([01])$/
const lengthText = /^\d{1,15}$/
const grpcText = /^application\/grpc(\+|;|$)/i
const ordinaryMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'POST', 'PUT', 'PATCH'])

/** Values of which the first counts when a header comes twice, as Node reads them. */
const single = new Set(
  'age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent'.split(
    ' ',
  ),
)

/** A request head, read strictly: what two servers could read in two ways is refused. */
export class RequestHead {
  readonly fields: Fields
  method = ''
  target = ''
  /** Whether it needs nothing but to be passed on, with its body if there is one. */
  ordinary = false
  /** Whether the client ends the connection after the answer. */
  closes = false
  /** Whether it is known to be ASCII. */
  plain = false
  /** The field with the cookies, or -1 when there is none, or -2 when there are several. */
  cookies = -1
  /** How its body ends, and how long it is when that is by length. */
  framing: Exclude<Framing, 'close'> = 'none'
  length = 0

  constructor(mostFields: number) {
    this.fields = new Fields(mostFields)
  }

  /** Reads a head that begins at 0 and ends before `end`; null when it is sound. `plain` says that all of it is ASCII. */
  read(bytes: Buffer, end: number, plain = false): Unsound | null {
    this.plain = plain
    const lineEnd = bytes.indexOf(13)
    const line = lineText.exec(bytes.toString('latin1', 0, lineEnd))
    if (line === null) return bad('The request line is none of HTTP/1.1.')
    this.method = line[1] ?? ''
    this.target = line[2] ?? ''
    const state = this.fields.read(bytes, lineEnd + 2, end)
    if (state === 'broken') return bad('A header line is not sound.')
    if (state === 'too many') return { status: 431, detail: 'Too many headers.' }
    return this.#check(line[3] === '1')
  }

  #check(modern: boolean): Unsound | null {
    const { fields } = this
    let [hosts, lengths, encodings] = [0, 0, 0]
    this.closes = false
    this.length = 0
    this.cookies = -1
    this.ordinary = modern && ordinaryMethods.has(this.method) && this.target.startsWith('/')
    for (let i = 0; i < fields.count; i += 1) {
      const kind = fields.kind(i)
      if (kind === kinds.other) continue
      if (kind === kinds.host) {
        hosts += 1
        if (!hostText.test(fields.value(i))) return bad('The Host header is no host.')
      } else if (kind === kinds.contentLength) {
        lengths += 1
        const value = fields.value(i)
        if (!lengthText.test(value)) return bad('The Content-Length is no length.')
        this.length = Number(value)
      } else if (kind === kinds.transferEncoding) {
        encodings += 1
        if (fields.value(i).toLowerCase() !== 'chunked') return bad('The only Transfer-Encoding is "chunked".')
      } else if (kind === kinds.cookie) this.cookies = this.cookies === -1 ? i : -2
      else if (kind === kinds.connection) this.#readConnection(fields.value(i).toLowerCase())
      else if (kind === kinds.contentType && grpcText.test(fields.value(i))) this.ordinary = false
      else if (kind === kinds.upgrade || kind === kinds.expect || kind === kinds.te) this.ordinary = false
    }
    if (hosts > 1 || (hosts === 0 && modern)) return bad('There must be one Host header.')
    if (lengths > 1 || encodings > 1) return bad('More than one header frames the body.')
    if (lengths > 0 && encodings > 0) return bad('Both Content-Length and Transfer-Encoding.')
    if (encodings > 0 && !modern) return bad('Transfer-Encoding needs HTTP/1.1.')
    this.framing = encodings > 0 ? 'chunked' : this.length > 0 ? 'length' : 'none'
    return null
  }

  /** Whatever names more than how long the connection lives is not ordinary. */
  #readConnection(value: string): void {
    if (value === 'close') this.closes = true
    else if (value !== 'keep-alive') this.ordinary = false
  }

  /** Value of a header by its lower-case name, joined as Node joins several of one name. */
  header(name: string): string | undefined {
    if (!this.fields.mayHold(name.length)) return undefined
    let found: string | undefined
    for (let i = 0; i < this.fields.count; i += 1) {
      if (!this.fields.isNamed(i, name)) continue
      if (found === undefined) found = this.fields.value(i)
      else if (!single.has(name)) found += (name === 'cookie' ? '; ' : ', ') + this.fields.value(i)
    }
    return found
  }
}

function bad(detail: string): Unsound {
  return { status: 400, detail }
}
