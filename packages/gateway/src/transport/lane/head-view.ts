import { viewOf } from '@serin/core/assignment'
import type { RequestView } from '@serin/core/assignment'
import type { RequestHead } from '../../wire/request-head.ts'

const semicolon = 59
const equals = 61
const space = 32
const tab = 9

/** What a decision sees of a request, read from its bytes as it asks: the same as `viewOf` of `core` would show of it. */
export class HeadView implements RequestView {
  readonly #head: RequestHead
  readonly #address: string
  #full: RequestView | null = null
  #path: string | null = null

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
    return cookieOf(fields.bytes, { from: fields.valueStart(cookies), to: fields.valueEnd(cookies) }, name)
  }

  query(name: string): string | undefined {
    return this.#fully().query(name)
  }

  path(): string {
    if (this.#path !== null) return this.#path
    const { target } = this.#head
    const end = target.indexOf('?')
    return (this.#path = end < 0 ? target : target.slice(0, end))
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
  return bytes.toString('latin1', from, to)
}
