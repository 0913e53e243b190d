import { isName, kindOf } from './names.ts'
import { textOf } from './text.ts'

const cr = 13
const lf = 10
const tab = 9
const space = 32
const colon = 58
const del = 127
const zero = 48
const mostLengthDigits = 15

/** Characters of a token (RFC 9110 §5.6.2). */
const isToken = new Uint8Array(256)
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  isToken[c.charCodeAt(0)] = 1

/** Bytes that may stand in a value. */
const isValue = new Uint8Array(256).map((_, byte) => ((byte >= space && byte !== del) || byte === tab ? 1 : 0))

/** Found instead of an end: more bytes are needed. */
export const notYet = -1
/** Found instead of an end: bytes that no head may hold. */
export const broken = -2

/** Finds the empty line that ends a head, however the bytes come in. Bare CR or LF and control characters break it at once. */
export class HeadEnd {
  #previous = 0
  /** Bytes of the line so far. */
  #length = 0

  /** Looks at the bytes from `from` on that it has not seen yet; the offset behind the head, or `notYet`, or `broken`. */
  find(bytes: Uint8Array, from: number): number {
    let previous = this.#previous
    let length = this.#length
    for (let i = from; i < bytes.length; i += 1) {
      const byte = bytes[i] ?? 0
      if (previous === cr) {
        if (byte !== lf) return broken
        if (length === 0) return i + 1
        length = 0
      } else if (byte !== cr) {
        if ((byte < space && byte !== tab) || byte === del) return broken
        length += 1
      }
      previous = byte
    }
    this.#previous = previous
    this.#length = length
    return notYet
  }

  /** Begins a new head. */
  reset(): void {
    this.#previous = 0
    this.#length = 0
  }
}

/** Most heads have no more fields. */
const firstRoom = 32

/** Header fields as offsets into the bytes they stand in. */
export class Fields {
  count = 0
  /** One bit for each length, modulo 32, that a name has: most names that are not there are told by it. */
  lengths = 0
  bytes: Buffer = Buffer.alloc(0)
  /** Where the empty line begins; the head ends two bytes behind it. */
  linesEnd = 0
  /** Whether all values are ASCII. */
  plain = false
  #offsets: Int32Array
  #kinds: Uint8Array
  readonly #most: number

  constructor(most: number) {
    this.#most = most
    const room = Math.min(most, firstRoom)
    this.#offsets = new Int32Array(room * 4)
    this.#kinds = new Uint8Array(room)
  }

  /** Reads the lines from `from` to the empty line, which must begin before `limit`; says what is wrong with them, or that they go on. */
  read(bytes: Buffer, from: number, limit: number): 'sound' | 'broken' | 'too many' | 'more' {
    this.bytes = bytes
    this.count = 0
    this.lengths = 0
    let bits = 0
    let at = from
    for (;;) {
      const start = at
      while (at < limit && isToken[bytes[at] ?? 0] === 1) at += 1
      if (at + 1 >= limit) return 'more'
      if (at === start && bytes[at] === cr) break
      if (at === start || bytes[at] !== colon) return 'broken'
      if (this.count === this.#most) return 'too many'
      const colonAt = at
      at += 1
      while (at < limit && (bytes[at] === space || bytes[at] === tab)) at += 1
      const value = at
      // Four at a time, then what is left of them.
      for (; at + 4 <= limit; at += 4) {
        const a = bytes[at] ?? 0
        const b = bytes[at + 1] ?? 0
        const c = bytes[at + 2] ?? 0
        const d = bytes[at + 3] ?? 0
        if (((isValue[a] ?? 0) & (isValue[b] ?? 0) & (isValue[c] ?? 0) & (isValue[d] ?? 0)) === 0) break
        bits |= a | b | c | d
      }
      for (let byte = bytes[at] ?? 0; at < limit && isValue[byte] === 1; byte = bytes[at] ?? 0) {
        bits |= byte
        at += 1
      }
      if (at + 1 >= limit) return 'more'
      if (bytes[at] !== cr || bytes[at + 1] !== lf) return 'broken'
      this.#add(start, colonAt, value, at)
      at += 2
    }
    if (bytes[at + 1] !== lf) return 'broken'
    this.linesEnd = at
    this.plain = bits < 128
    return 'sound'
  }

  #add(start: number, colonAt: number, value: number, end: number): void {
    if (this.count === this.#kinds.length) this.#grow()
    const { bytes } = this
    let last = end
    while (last > value && (bytes[last - 1] === space || bytes[last - 1] === tab)) last -= 1
    const slot = this.count * 4
    this.#offsets[slot] = start
    this.#offsets[slot + 1] = colonAt
    this.#offsets[slot + 2] = value
    this.#offsets[slot + 3] = last
    this.lengths |= 1 << (colonAt - start)
    this.#kinds[this.count] = kindOf(bytes, start, colonAt)
    this.count += 1
  }

  #grow(): void {
    const [offsets, kinds] = [this.#offsets, this.#kinds]
    this.#offsets = new Int32Array(offsets.length * 2)
    this.#kinds = new Uint8Array(kinds.length * 2)
    this.#offsets.set(offsets)
    this.#kinds.set(kinds)
  }

  kind(index: number): number {
    return this.#kinds[index] ?? 0
  }

  name(index: number): string {
    return this.bytes.toString('latin1', this.#offsets[index * 4] ?? 0, this.#offsets[index * 4 + 1] ?? 0)
  }

  value(index: number): string {
    return textOf(this.bytes, this.#offsets[index * 4 + 2] ?? 0, this.#offsets[index * 4 + 3] ?? 0)
  }

  /** Whether there may be a field with a name of this length. */
  mayHold(length: number): boolean {
    return (this.lengths & (1 << length)) !== 0
  }

  /** Where the line of a field begins; after the last one, where the lines end. */
  startOf(index: number): number {
    return index < this.count ? (this.#offsets[index * 4] ?? 0) : this.linesEnd
  }

  valueStart(index: number): number {
    return this.#offsets[index * 4 + 2] ?? 0
  }

  valueEnd(index: number): number {
    return this.#offsets[index * 4 + 3] ?? 0
  }

  isNamed(index: number, name: string): boolean {
    return isName(this.bytes, this.#offsets[index * 4] ?? 0, this.#offsets[index * 4 + 1] ?? 0, name)
  }

  /** Whether the value is this lower-case text, in whichever case it came. */
  says(index: number, text: string): boolean {
    return isName(this.bytes, this.valueStart(index), this.valueEnd(index), text)
  }

  /** Whether the value begins with this text. */
  begins(index: number, text: string): boolean {
    const start = this.valueStart(index)
    const end = this.valueEnd(index)
    if (end - start < text.length) return false
    for (let i = 0; i < text.length; i += 1) if (this.bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** The value as a length, one to fifteen digits; -1 when it is none. */
  length(index: number): number {
    const start = this.valueStart(index)
    const end = this.valueEnd(index)
    if (end === start || end - start > mostLengthDigits) return -1
    let sum = 0
    for (let at = start; at < end; at += 1) {
      const digit = (this.bytes[at] ?? 0) - zero
      if (digit < 0 || digit > 9) return -1
      sum = sum * 10 + digit
    }
    return sum
  }
}
