import { Fields } from './fields.ts'
import { kinds } from './names.ts'

const cr = 13
const lf = 10
const tab = 9
const space = 32
const zero = 48
const del = 127
const protocol = Buffer.from('HTTP/1.')
/** The shortest status line: `HTTP/1.1 200` and the end of the line. */
const shortestLine = 14
const timeoutText = /(?:^|[\s,])timeout=(\d{1,9})(?:[\s,]|$)/i
const none: ReadonlySet<string> = new Set()

/** How the end of a body is known. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** The head of an answer, read as strictly as that of a request. What it shows of its bytes it shows while they are there. */
export class AnswerHead {
  readonly fields: Fields
  status = 0
  /** Whether the status line is one of HTTP/1.1, and what stands before the reason does. */
  modern = false
  /** Where the reason stands. */
  reasonStart = 0
  reasonEnd = 0
  /** Where the head ends. */
  end = 0
  framing: Framing = 'none'
  length = 0
  /** Whether the connection may be used again after it. */
  keeps = false
  /** After how many ms of idleness the upstream says it ends the connection; infinite when it does not. */
  endsAfterMs = Number.POSITIVE_INFINITY
  /** Headers that the answer keeps to its connection. */
  nominated: ReadonlySet<string> = none
  eventStream = false
  dated = false
  identified = false

  constructor(mostFields: number) {
    this.fields = new Fields(mostFields)
  }

  /** Reads the head that begins at 0; `more` when it does not end before `limit`. */
  read(bytes: Buffer, limit: number, method: string): 'sound' | 'broken' | 'more' {
    const line = this.#readLine(bytes, limit)
    if (line !== 'sound') return line
    const state = this.fields.read(bytes, this.reasonEnd + 2, limit)
    if (state !== 'sound') return state === 'more' ? 'more' : 'broken'
    this.end = this.fields.linesEnd + 2
    return this.#check(method) ? 'sound' : 'broken'
  }

  #readLine(bytes: Buffer, limit: number): 'sound' | 'broken' | 'more' {
    for (let i = 0; i < protocol.length && i < limit; i += 1) if (bytes[i] !== protocol[i]) return 'broken'
    if (limit < shortestLine) return 'more'
    const minor = bytes[7]
    const a = digit(bytes, 9)
    const b = digit(bytes, 10)
    const c = digit(bytes, 11)
    if ((minor !== zero && minor !== zero + 1) || bytes[8] !== space || a < 1 || b < 0 || c < 0) return 'broken'
    this.modern = minor === zero + 1
    this.status = a * 100 + b * 10 + c
    let at = 12
    if (bytes[at] === space) at += 1
    else if (bytes[at] !== cr) return 'broken'
    this.reasonStart = at
    for (let byte = bytes[at] ?? 0; at < limit && isReason(byte); byte = bytes[at] ?? 0) at += 1
    if (at + 1 >= limit) return 'more'
    this.reasonEnd = at
    return bytes[at] === cr && bytes[at + 1] === lf ? 'sound' : 'broken'
  }

  #check(method: string): boolean {
    const { fields, modern } = this
    let lengths = 0
    let encodings = 0
    let connection = ''
    this.length = 0
    this.endsAfterMs = Number.POSITIVE_INFINITY
    this.eventStream = this.dated = this.identified = false
    for (let i = 0; i < fields.count; i += 1) {
      const kind = fields.kind(i)
      if (kind === kinds.other) continue
      if (kind === kinds.contentLength) {
        lengths += 1
        this.length = fields.length(i)
        if (this.length < 0) return false
      } else if (kind === kinds.transferEncoding) {
        encodings += 1
        if (!fields.says(i, 'chunked')) return false
      } else if (kind === kinds.connection) connection += `${connection === '' ? '' : ','}${fields.value(i)}`
      else if (kind === kinds.contentType) this.eventStream = fields.begins(i, 'text/event-stream')
      else if (kind === kinds.keepAlive)
        this.endsAfterMs = Number(timeoutText.exec(fields.value(i))?.[1] ?? Infinity) * 1_000
      else if (kind === kinds.date) this.dated = true
      else if (kind === kinds.requestId) this.identified = true
    }
    if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0) || (encodings > 0 && !modern)) return false
    this.#readConnection(connection.toLowerCase(), modern)
    const bodiless = method === 'HEAD' || this.status < 200 || this.status === 204 || this.status === 304
    this.framing = bodiless ? 'none' : encodings > 0 ? 'chunked' : lengths > 0 ? 'length' : 'close'
    return true
  }

  #readConnection(value: string, modern: boolean): void {
    this.nominated = none
    this.keeps = modern
    if (value === '') return
    const names = new Set(value.split(',').map((name) => name.trim()))
    this.keeps = !names.has('close') && (modern || names.has('keep-alive'))
    if (names.size > 1 || !(names.has('close') || names.has('keep-alive'))) this.nominated = names
  }
}

function digit(bytes: Buffer, at: number): number {
  const value = (bytes[at] ?? 0) - zero
  return value <= 9 ? value : -1
}

function isReason(byte: number): boolean {
  return (byte >= space && byte !== del) || byte === tab
}
