import { Fields } from './fields.ts'
import { kinds } from './names.ts'

const lineText = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const lengthText = /^\d{1,15}$/
const timeoutText = /(?:^|[\s,])timeout=(\d{1,9})(?:[\s,]|$)/i
const none: ReadonlySet<string> = new Set()

/** How the end of a body is known. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** The head of an answer, read as strictly as that of a request. */
export class AnswerHead {
  readonly fields: Fields
  status = 0
  reason = ''
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

  /** Reads a head that begins at 0 and ends before `end`; whether it is sound. */
  read(bytes: Buffer, end: number, method: string): boolean {
    const lineEnd = bytes.indexOf(13)
    const line = lineText.exec(bytes.toString('latin1', 0, lineEnd))
    if (line === null || this.fields.read(bytes, lineEnd + 2, end) !== 'sound') return false
    this.status = Number(line[2])
    this.reason = line[3] ?? ''
    return this.#check(line[1] === '1', method)
  }

  #check(modern: boolean, method: string): boolean {
    const { fields } = this
    let [lengths, encodings] = [0, 0]
    let connection = ''
    this.length = 0
    this.endsAfterMs = Number.POSITIVE_INFINITY
    this.eventStream = this.dated = this.identified = false
    for (let i = 0; i < fields.count; i += 1) {
      const kind = fields.kind(i)
      if (kind === kinds.contentLength) {
        lengths += 1
        const value = fields.value(i)
        if (!lengthText.test(value)) return false
        this.length = Number(value)
      } else if (kind === kinds.transferEncoding) {
        encodings += 1
        if (fields.value(i).toLowerCase() !== 'chunked') return false
      } else if (kind === kinds.connection) connection += `${connection === '' ? '' : ','}${fields.value(i)}`
      else if (kind === kinds.contentType) this.eventStream = fields.value(i).startsWith('text/event-stream')
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
