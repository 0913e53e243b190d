import { isName, kindOf } from './names.ts'

const cr = 13
const lf = 10
const tab = 9
const space = 32
const colon = 58
const del = 127

/** Characters of a token (RFC 9110 §5.6.2). */
const isToken = new Uint8Array(256)
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  isToken[c.charCodeAt(0)] = 1

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

/** Header fields as offsets into the bytes they stand in. */
export class Fields {
  count = 0
  bytes: Buffer = Buffer.alloc(0)
  readonly #offsets: Int32Array
  readonly #kinds: Uint8Array
  readonly #most: number

  constructor(most: number) {
    this.#most = most
    this.#offsets = new Int32Array(most * 4)
    this.#kinds = new Uint8Array(most)
  }

  /** Reads the lines from `from` to the empty line that ends at `end`; says what is wrong with them. */
  read(bytes: Buffer, from: number, end: number): 'sound' | 'broken' | 'too many' {
    this.bytes = bytes
    this.count = 0
    let at = from
    while (at < end - 2) {
      const start = at
      while (isToken[bytes[at] ?? 0] === 1) at += 1
      if (at === start || bytes[at] !== colon) return 'broken'
      if (this.count === this.#most) return 'too many'
      const slot = this.count * 4
      this.#offsets[slot] = start
      this.#offsets[slot + 1] = at
      this.#kinds[this.count] = kindOf(bytes, start, at)
      at += 1
      while (bytes[at] === space || bytes[at] === tab) at += 1
      const value = at
      while (bytes[at] !== cr) at += 1
      let last = at
      while (last > value && (bytes[last - 1] === space || bytes[last - 1] === tab)) last -= 1
      this.#offsets[slot + 2] = value
      this.#offsets[slot + 3] = last
      this.count += 1
      at += 2
    }
    return 'sound'
  }

  kind(index: number): number {
    return this.#kinds[index] ?? 0
  }

  name(index: number): string {
    return this.bytes.toString('latin1', this.#offsets[index * 4] ?? 0, this.#offsets[index * 4 + 1] ?? 0)
  }

  value(index: number): string {
    return this.bytes.toString('latin1', this.#offsets[index * 4 + 2] ?? 0, this.#offsets[index * 4 + 3] ?? 0)
  }

  isNamed(index: number, name: string): boolean {
    return isName(this.bytes, this.#offsets[index * 4] ?? 0, this.#offsets[index * 4 + 1] ?? 0, name)
  }

  /** Copies a field as a clean line; the offset behind it. */
  copy(index: number, into: Buffer, at: number): number {
    const slot = index * 4
    const { bytes } = this
    let next = at + bytes.copy(into, at, this.#offsets[slot], this.#offsets[slot + 1])
    into[next] = colon
    into[next + 1] = space
    next += 2
    next += bytes.copy(into, next, this.#offsets[slot + 2], this.#offsets[slot + 3])
    into[next] = cr
    into[next + 1] = lf
    return next + 2
  }
}
