import { Beginnings } from './beginnings.ts'

/** Up to so many bytes a loop is faster than a call into the engine. */
const fewBytes = 32
const digits = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz')

/** The end of a line. */
export const lineEnd = Buffer.from('\r\n')

/** Bytes that are put down one piece behind the other. Whoever writes has seen to the room; what is text has one byte for each character. */
export class Page {
  readonly bytes: Buffer
  length = 0
  readonly #beginnings: Beginnings

  /** A page with room for so many bytes; `kept` as for `Beginnings`. */
  constructor(room: number, kept = 1) {
    this.#beginnings = new Beginnings(Buffer.allocUnsafeSlow(room), kept)
    this.bytes = this.#beginnings.bytes
  }

  /** All that is there. It changes with the page. */
  get written(): Buffer {
    return this.#beginnings.of(this.length)
  }

  /** Puts down the bytes from `from` to `to`. */
  copy(bytes: Buffer, from: number, to: number): void {
    const into = this.bytes
    const at = this.length
    const count = to - from
    if (count > fewBytes) bytes.copy(into, at, from, to)
    else for (let i = 0; i < count; i += 1) into[at + i] = bytes[from + i] ?? 0
    this.length = at + count
  }

  add(bytes: Buffer): void {
    this.copy(bytes, 0, bytes.length)
  }

  text(text: string): void {
    this.length += this.bytes.write(text, this.length, 'latin1')
  }

  byte(byte: number): void {
    this.bytes[this.length] = byte
    this.length += 1
  }

  /** Puts down a whole number from 0, in a base up to 36. */
  number(value: number, radix = 10): void {
    let width = 1
    for (let rest = value; rest >= radix; rest = Math.floor(rest / radix)) width += 1
    const end = this.length + width
    let rest = value
    for (let at = end - 1; at >= this.length; at -= 1) {
      const left = Math.floor(rest / radix)
      this.bytes[at] = digits[rest - left * radix] ?? 0
      rest = left
    }
    this.length = end
  }
}
