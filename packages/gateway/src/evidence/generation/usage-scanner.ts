import { asRecord } from './said.ts'

/** Longer ones are passed over. */
const mostUsageBytes = 4_096
const wanted = 'usage'
const [quote, backslash, colon, comma, open, close, openList, closeList] = [34, 92, 58, 44, 123, 125, 91, 93]

/** Bytes that end or nest something, within a string and between values below the top. */
const inText = tableOf(quote, backslash)
const inside = tableOf(quote, open, close, openList, closeList)

/** Finds the member `usage` of a JSON object in a stream of bytes, whatever pieces it comes in and however long the rest is. Holds 4 KiB at most. */
export class UsageScanner {
  /** What was found, as JSON says it. */
  usage: Readonly<Record<string, unknown>> | null = null
  #depth = 0
  #inString = false
  #escaped = false
  /** The string that may be a key: at depth 1, before a colon. */
  #key: string | null = null
  /** Whether the next value is the wanted one. */
  #isNext = false
  /** The wanted object so far. */
  #text: string | null = null
  #over = false

  /** Takes the next piece. */
  take(bytes: Buffer): void {
    let from = 0
    for (let at = this.#next(bytes, 0); at < bytes.length && !this.#over; at = this.#next(bytes, at + 1)) {
      const byte = bytes[at] ?? 0
      if (this.#inString) this.#string(byte)
      else if (byte > 32) {
        const began = this.#structure(byte)
        if (began) from = at
        else if (this.#text !== null && this.#depth === 1) this.#endUsage(bytes.toString('latin1', from, at + 1))
      }
    }
    if (this.#text === null || this.#over) return
    this.#text += bytes.toString('latin1', from)
    if (this.#text.length > mostUsageBytes) this.#over = true
  }

  /** The next byte that changes anything: most of a long answer is numbers and text far from the top. */
  #next(bytes: Buffer, from: number): number {
    if (this.#inString ? this.#key !== null || this.#escaped : this.#depth < 2) return from
    const matters = this.#inString ? inText : inside
    let at = from
    while (at < bytes.length && matters[bytes[at] ?? 0] === 0) at += 1
    return at
  }

  /** A byte within a string. */
  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === backslash) this.#escaped = true
    else if (byte === quote) {
      this.#inString = false
      return
    }
    if (this.#key !== null && this.#key.length <= wanted.length) this.#key += String.fromCharCode(byte)
  }

  /** A byte between values; says whether the wanted object begins with it. */
  #structure(byte: number): boolean {
    if (this.#depth === 0 && byte !== open) {
      this.#over = true
      return false
    }
    const isWanted = this.#isNext && byte === open
    if (byte !== colon) this.#isNext = false
    if (byte === quote) {
      this.#inString = true
      this.#key = this.#depth === 1 ? '' : null
    } else if (byte === colon) this.#isNext = this.#depth === 1 && this.#key === wanted
    else if (byte === open || byte === openList) this.#depth += 1
    else if (byte === close || byte === closeList) this.#depth -= 1
    if (byte === comma || this.#depth === 0) this.#key = null
    if (this.#depth === 0) this.#over = true
    if (isWanted) this.#text = ''
    return isWanted
  }

  #endUsage(rest: string): void {
    const text = `${this.#text ?? ''}${rest}`
    this.#text = null
    this.#over = true
    if (text.length <= mostUsageBytes) this.usage = asRecord(parsed(text))
  }
}

function tableOf(...bytes: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of bytes) table[byte] = 1
  return table
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
