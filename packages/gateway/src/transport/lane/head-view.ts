import { cookieValue, viewOf } from '@serin/core/assignment'
import type { RequestView } from '@serin/core/assignment'
import { RequestHead } from '../../wire/request-head.ts'
import { textOf } from '../../wire/text.ts'

const semicolon = 59
const equals = 61
const space = 32
const questionMark = 63
const tab = 9
const longestScan = 256

/** What a decision sees of a request, read from its bytes as it asks: the same as `viewOf` of `core` would show of it. */
export class HeadView implements RequestView {
  readonly #head: RequestHead
  readonly #address: string
  #full: RequestView | null = null
  #path: string | null = null
  #cookies: string | null = null

  constructor(head: RequestHead, address: string) {
    this.#head = head
    this.#address = address
  }

  header(name: string): string | undefined {
    return this.#head.plain ? this.#head.header(name) : this.#fully().header(name)
  }

  cookie(name: string): string | undefined {
    const { cookies, plain, fields } = this.#head
    if (cookies === -1) return undefined
    if (cookies < 0 || !plain) return this.#fully().cookie(name)
    const [from, to] = [fields.valueStart(cookies), fields.valueEnd(cookies)]
    if (to - from <= longestScan) return cookieOf(fields.bytes, { from, to }, name)
    // A browser may send kilobytes: then a text and a search in it are faster than a look at each byte.
    this.#cookies ??= fields.value(cookies)
    return cookieValue(this.#cookies, name)
  }

  query(name: string): string | undefined {
    return this.#fully().query(name)
  }

  path(): string {
    if (this.#path !== null) return this.#path
    const { fields, targetStart, targetEnd } = this.#head
    const { bytes } = fields
    let end = targetStart
    while (end < targetEnd && bytes[end] !== questionMark) end += 1
    return (this.#path = textOf(bytes, targetStart, end))
  }

  pathBegins(text: string, wholly: boolean): boolean {
    const { fields, targetStart, targetEnd } = this.#head
    const { bytes } = fields
    const end = targetStart + text.length
    if (end > targetEnd || (wholly && end < targetEnd && bytes[end] !== questionMark)) return false
    // From its end: paths begin alike. A text with a question mark in it is no path, and a byte beyond ASCII is none of a target.
    for (let at = end - 1; at >= targetStart; at -= 1) {
      const byte = bytes[at]
      if (byte === questionMark || byte !== text.charCodeAt(at - targetStart)) return false
    }
    return true
  }

  address(): string {
    return this.#address
  }

  #fully(): RequestView {
    const head = this.#head
    this.#full ??= viewOf({ headers: (name) => head.header(name), target: head.target, address: this.#address })
    return this.#full
  }
}

const mostFields = 100

/** A request head as decisions of the fast lane see it, anew each time: for who measures them. The bytes are a whole head, and a sound one. */
export function headView(bytes: Buffer): () => RequestView {
  const head = new RequestHead(mostFields)
  if (head.read(bytes, bytes.length) !== null) throw new RangeError('these bytes are no sound head')
  return () => new HeadView(head, '127.0.0.1')
}

function cookieOf(
  bytes: Buffer,
  { from, to }: { readonly from: number; readonly to: number },
  name: string,
): string | undefined {
  let at = from
  while (at < to) {
    while (bytes[at] === space) at += 1
    let i = 0
    while (i < name.length && bytes[at + i] === name.charCodeAt(i)) i += 1
    const found = i === name.length && at + i < to && bytes[at + i] === equals
    const start = at + i + 1
    while (at < to && bytes[at] !== semicolon) at += 1
    if (found) return trimmed(bytes, start, at)
    at += 1
  }
  return undefined
}

function trimmed(bytes: Buffer, start: number, end: number): string {
  let [from, to] = [start, Math.max(start, end)]
  while (from < to && (bytes[from] === space || bytes[from] === tab)) from += 1
  while (to > from && (bytes[to - 1] === space || bytes[to - 1] === tab)) to -= 1
  return textOf(bytes, from, to)
}
