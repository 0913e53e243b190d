import type { Framing } from './answer-head.ts'
import { HeadEnd, broken, notYet } from './fields.ts'

const cr = 13
const lf = 10
const mostSizeDigits = 8
const mostTrailerBytes = 8_192

/** Finds where a body ends in bytes that come in pieces. Nothing is copied or kept. */
export class BodyEnd {
  whole = false
  readonly #framing: Framing
  #left: number
  #state: 'size' | 'size end' | 'data' | 'data cr' | 'data lf' | 'trailers' = 'size'
  #digits = 0
  readonly #trailers = new HeadEnd()
  #trailerBytes = 0

  constructor(framing: Framing, length: number) {
    this.#framing = framing
    this.#left = length
    this.whole = framing === 'none' || (framing === 'length' && length === 0)
    if (framing === 'chunked') this.#left = 0
  }

  /** Takes the body's part of the bytes from `from` on: the offset behind it, or -1 when the chunks are broken. */
  take(bytes: Buffer, from: number): number {
    if (this.whole) return from
    if (this.#framing === 'close') return bytes.length
    if (this.#framing === 'length') {
      const taken = Math.min(this.#left, bytes.length - from)
      this.#left -= taken
      this.whole = this.#left === 0
      return from + taken
    }
    return this.#takeChunks(bytes, from)
  }

  #takeChunks(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const taken = Math.min(this.#left, bytes.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0) this.#state = 'data cr'
      } else if (this.#state === 'trailers') return this.#takeTrailers(bytes, at)
      else {
        if (!this.#step(bytes[at] ?? 0)) return -1
        at += 1
      }
    }
    return at
  }

  /** One byte of what stands around the data. */
  #step(byte: number): boolean {
    if (this.#state === 'size') {
      const digit = hexOf(byte)
      if (digit < 0) {
        this.#state = 'size end'
        return byte === cr && this.#digits > 0
      }
      this.#digits += 1
      this.#left = this.#left * 16 + digit
      return this.#digits <= mostSizeDigits
    }
    if (this.#state === 'size end') {
      this.#state = this.#left === 0 ? 'trailers' : 'data'
      return byte === lf
    }
    const expected = this.#state === 'data cr' ? cr : lf
    this.#state = this.#state === 'data cr' ? 'data lf' : 'size'
    this.#digits = 0
    return byte === expected
  }

  #takeTrailers(bytes: Buffer, from: number): number {
    const end = this.#trailers.find(bytes, from)
    if (end === broken) return -1
    if (end !== notYet) {
      this.whole = true
      return end
    }
    this.#trailerBytes += bytes.length - from
    return this.#trailerBytes > mostTrailerBytes ? -1 : bytes.length
  }
}

function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
