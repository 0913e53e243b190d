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
  #bits = 0

  /** Whether all bytes so far were ASCII. */
  get plain(): boolean {
    return this.#bits < 128
  }

  /** Looks at the bytes from `from` on that it has not seen yet; the offset behind the head, or `notYet`, or `broken`. */
  find(bytes: Uint8Array, from: number): number {
    let previous = this.#previous
    let length = this.#length
    let bits = this.#bits
    for (let i = from; i < bytes.length; i += 1) {
      const byte = bytes[i] ?? 0
      if (previous === cr) {
        if (byte !== lf) return broken
        if (length === 0) {
          this.#bits = bits
          return i + 1
        }
        length = 0
      } else if (byte !== cr) {
        if ((byte < space && byte !== tab) || byte === del) return broken
        bits |= byte
        length += 1
      }
      previous = byte
    }
    this.#previous = previous
    this.#length = length
    this.#bits = bits
    return notYet
  }

  /** Begins a new head. */
  reset(): void {
    this.#previous = 0
    this.#length = 0
    this.#bits = 0
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
  #offsets: Int32Array
  #kinds: Uint8Array
  readonly #most: number

  constructor(most: number) {
    this.#most = most
    const room = Math.min(most, firstRoom)
    this.#offsets = new Int32Array(room * 4)
    this.#kinds = new Uint8Array(room)
  }

  /** Reads the lines from `from` to the empty line that ends at `end`; says what is wrong with them. */
  read(bytes: Buffer, from: number, end: number): 'sound' | 'broken' | 'too many' {
    this.bytes = bytes
    this.count = 0
    this.lengths = 0
    let at = from
    while (at < end - 2) {
      const start = at
      while (isToken[bytes[at] ?? 0] === 1) at += 1
      if (at === start || bytes[at] !== colon) return 'broken'
      if (this.count === this.#most) return 'too many'
      if (this.count === this.#kinds.length) this.#grow()
      const slot = this.count * 4
      this.#offsets[slot] = start
      this.#offsets[slot + 1] = at
      this.lengths |= 1 << (at - start)
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
    return this.bytes.toString('latin1', this.#offsets[index * 4 + 2] ?? 0, this.#offsets[index * 4 + 3] ?? 0)
  }

  /** Whether there may be a field with a name of this length. */
  mayHold(length: number): boolean {
    return (this.lengths & (1 << length)) !== 0
  }

  /** Where the line of a field begins; after the last one, where the lines end. */
  startOf(index: number): number {
    const before = this.#offsets[index * 4 - 1]
    return index < this.count
      ? (this.#offsets[index * 4] ?? 0)
      : before === undefined
        ? 0
        : this.bytes.indexOf(lf, before) + 1
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
