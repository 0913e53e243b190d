import type { Framing } from './answer-head.ts'
import { Fields } from './fields.ts'
import { kinds } from './names.ts'
import { textOf } from './text.ts'

/** Why a request is not served: a status and a sentence. */
export interface Unsound {
  readonly status: number
  readonly detail: string
}

const space = 32
const dash = 45
const slash = 47
const hostText = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:\d{0,5})?$/
const grpcText = /^application\/grpc(\+|;|$)/i
const ordinaryMethods = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'POST', 'PUT', 'PATCH']
/** What stands behind the target, but for the last digit of the version. */
const protocol = Buffer.from(' HTTP/1.')
const badLine = bad('The request line is none of HTTP/1.1.')

/** Bytes of the names of most hosts; others are judged by the whole rule. */
const isPlainHost = new Uint8Array(256)
for (const c of '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') isPlainHost[c.charCodeAt(0)] = 1

/** Values of which the first counts when a header comes twice, as Node reads them. */
const single = new Set(
  'age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent'.split(
    ' ',
  ),
)

/** A request head, read strictly: what two servers could read in two ways is refused. What it shows of its bytes it shows while they are there. */
export class RequestHead {
  readonly fields: Fields
  method = ''
  /** Where the target stands, and the head ends. */
  targetStart = 0
  targetEnd = 0
  end = 0
  /** Whether it needs nothing but to be passed on, with its body if there is one. */
  ordinary = false
  /** Whether the client ends the connection after the answer. */
  closes = false
  /** The field with the cookies, or -1 when there is none, or -2 when there are several. */
  cookies = -1
  /** How its body ends, and how long it is when that is by length. */
  framing: Exclude<Framing, 'close'> = 'none'
  length = 0
  #target: string | null = null

  constructor(mostFields: number) {
    this.fields = new Fields(mostFields)
  }

  /** Reads the head that begins at 0; null when it is sound, `more` when it does not end before `limit`. */
  read(bytes: Buffer, limit: number): Unsound | 'more' | null {
    const lineEnd = this.#readLine(bytes, limit)
    if (typeof lineEnd !== 'number') return lineEnd
    const state = this.fields.read(bytes, lineEnd, limit)
    if (state === 'more') return state
    if (state === 'broken') return bad('A header line is not sound.')
    if (state === 'too many') return { status: 431, detail: 'Too many headers.' }
    this.end = this.fields.linesEnd + 2
    return this.#check((bytes[lineEnd - 3] ?? 0) === 49)
  }

  get target(): string {
    return (this.#target ??= textOf(this.fields.bytes, this.targetStart, this.targetEnd))
  }

  /** Whether all of it is ASCII. */
  get plain(): boolean {
    return this.fields.plain
  }

  /** The offset behind the request line. */
  #readLine(bytes: Buffer, limit: number): Unsound | 'more' | number {
    let at = 0
    for (let byte = bytes[0] ?? 0; at < limit && isMethod(byte); byte = bytes[at] ?? 0) at += 1
    if (at === limit) return 'more'
    if (at === 0 || bytes[0] === dash || bytes[at] !== space) return badLine
    const methodEnd = at
    const start = at + 1
    at = start
    for (let byte = bytes[at] ?? 0; at < limit && byte > space && byte < 127; byte = bytes[at] ?? 0) at += 1
    if (at === limit) return 'more'
    if (at === start) return badLine
    for (let i = 0; i < protocol.length && at + i < limit; i += 1) if (bytes[at + i] !== protocol[i]) return badLine
    const version = at + protocol.length
    if (version + 3 > limit) return 'more'
    const minor = bytes[version]
    if ((minor !== 48 && minor !== 49) || bytes[version + 1] !== 13 || bytes[version + 2] !== 10) return badLine
    this.#target = null
    this.targetStart = start
    this.targetEnd = at
    this.#readMethod(bytes, methodEnd)
    return version + 3
  }

  #readMethod(bytes: Buffer, end: number): void {
    for (const method of ordinaryMethods) {
      if (!isExactly(bytes, end, method)) continue
      this.method = method
      this.ordinary = bytes[this.targetStart] === slash
      return
    }
    this.method = bytes.toString('latin1', 0, end)
    this.ordinary = false
  }

  #check(modern: boolean): Unsound | null {
    const { fields } = this
    let hosts = 0
    let lengths = 0
    let encodings = 0
    this.closes = false
    this.length = 0
    this.cookies = -1
    if (!modern) this.ordinary = false
    for (let i = 0; i < fields.count; i += 1) {
      const kind = fields.kind(i)
      if (kind === kinds.other) continue
      if (kind === kinds.host) {
        hosts += 1
        if (!isHost(fields, i)) return bad('The Host header is no host.')
      } else if (kind === kinds.contentLength) {
        lengths += 1
        this.length = fields.length(i)
        if (this.length < 0) return bad('The Content-Length is no length.')
      } else if (kind === kinds.transferEncoding) {
        encodings += 1
        if (!fields.says(i, 'chunked')) return bad('The only Transfer-Encoding is "chunked".')
      } else if (kind === kinds.cookie) this.cookies = this.cookies === -1 ? i : -2
      else if (kind === kinds.connection) this.#readConnection(i)
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
  #readConnection(index: number): void {
    if (this.fields.says(index, 'close')) this.closes = true
    else if (!this.fields.says(index, 'keep-alive')) this.ordinary = false
  }

  /** Value of a header by its lower-case name, joined as Node joins several of one name. */
  header(name: string): string | undefined {
    // Asked of many names that are not there: what answers that is small enough to become a part of who asks.
    return this.fields.mayHold(name.length) ? this.#find(name) : undefined
  }

  #find(name: string): string | undefined {
    let found: string | undefined
    for (let i = 0; i < this.fields.count; i += 1) {
      if (!this.fields.isNamed(i, name)) continue
      if (found === undefined) found = this.fields.value(i)
      else if (!single.has(name)) found += (name === 'cookie' ? '; ' : ', ') + this.fields.value(i)
    }
    return found
  }
}

function isMethod(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === dash
}

function isExactly(bytes: Buffer, end: number, text: string): boolean {
  if (end !== text.length) return false
  for (let i = 0; i < end; i += 1) if (bytes[i] !== text.charCodeAt(i)) return false
  return true
}

function isHost(fields: Fields, index: number): boolean {
  const end = fields.valueEnd(index)
  let at = fields.valueStart(index)
  while (at < end && isPlainHost[fields.bytes[at] ?? 0] === 1) at += 1
  return at === end || hostText.test(fields.value(index))
}

function bad(detail: string): Unsound {
  return { status: 400, detail }
}
