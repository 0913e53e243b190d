import type { Framing } from './answer-head.ts'
import { Fields, HeadEnd, broken, notYet } from './fields.ts'
import { kinds } from './names.ts'

const cr = 13
const lf = 10
const tab = 9
const space = 32
const semicolon = 59
const del = 127
const mostSizeDigits = 8
const mostExtensionBytes = 1_024
const mostTrailerBytes = 8_192
const mostTrailers = 50

/** Finds where a body ends in bytes that come in pieces. Nothing of the data is copied or kept. */
export class BodyEnd {
  whole = false
  #framing: Framing = 'none'
  #left = 0
  #state: 'size' | 'extension' | 'size end' | 'data' | 'data cr' | 'data lf' | 'trailers' = 'size'
  #digits = 0
  #extensionBytes = 0
  #trailerEnd: HeadEnd | null = null
  #trailers: Buffer | null = null

  constructor(framing: Framing, length: number) {
    this.begin(framing, length)
  }

  /** From here on the bytes are those of another body. */
  begin(framing: Framing, length: number): void {
    this.#framing = framing
    this.#left = framing === 'chunked' ? 0 : length
    this.whole = framing === 'none' || (framing === 'length' && length === 0)
    if (framing !== 'chunked') return
    this.#state = 'size'
    this.#digits = this.#extensionBytes = 0
    this.#trailerEnd = this.#trailers = null
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
      if (digit >= 0) {
        this.#digits += 1
        this.#left = this.#left * 16 + digit
        return this.#digits <= mostSizeDigits
      }
      this.#state = byte === semicolon ? 'extension' : 'size end'
      return this.#digits > 0 && (byte === semicolon || byte === cr)
    }
    if (this.#state === 'extension') return this.#skip(byte)
    if (this.#state === 'size end') {
      this.#state = this.#left === 0 ? 'trailers' : 'data'
      return byte === lf
    }
    const expected = this.#state === 'data cr' ? cr : lf
    this.#state = this.#state === 'data cr' ? 'data lf' : 'size'
    this.#digits = 0
    return byte === expected
  }

  /** What an extension says is nothing to a gateway; it must only not hide the end of its line, nor be endless. */
  #skip(byte: number): boolean {
    if (byte === cr) {
      this.#state = 'size end'
      return true
    }
    this.#extensionBytes += 1
    return (byte >= space || byte === tab) && byte !== del && this.#extensionBytes <= mostExtensionBytes
  }

  #takeTrailers(bytes: Buffer, from: number): number {
    this.#trailerEnd ??= new HeadEnd()
    const end = this.#trailerEnd.find(bytes, from)
    if (end === broken) return -1
    const until = end === notYet ? bytes.length : end
    const piece = bytes.subarray(from, until)
    this.#trailers = this.#trailers === null ? Buffer.from(piece) : Buffer.concat([this.#trailers, piece])
    if (this.#trailers.length > mostTrailerBytes) return -1
    if (end === notYet) return until
    this.whole = areTrailers(this.#trailers)
    return this.whole ? end : -1
  }
}

/** Lines that frame a message, or say whom it is for, have no place behind it. */
function areTrailers(lines: Buffer): boolean {
  if (lines.length === 2) return true
  const fields = new Fields(mostTrailers)
  if (fields.read(lines, 0, lines.length) !== 'sound') return false
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (kind === kinds.host || kind === kinds.contentLength || kind === kinds.transferEncoding) return false
  }
  return true
}

function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
