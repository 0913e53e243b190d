/** Views of the beginning of a buffer, kept for lengths that recur: to make one costs as much as to read a short head. */
export class Beginnings {
  readonly bytes: Buffer
  readonly #views: (Buffer | undefined)[]
  readonly #mask: number

  /** `kept`: for how many lengths at most; a power of two. */
  constructor(bytes: Buffer, kept: number) {
    this.bytes = bytes
    this.#views = Array.from<undefined>({ length: kept })
    this.#mask = kept - 1
  }

  /** The first `length` bytes. */
  of(length: number): Buffer {
    const place = length & this.#mask
    const known = this.#views[place]
    if (known !== undefined && known.length === length) return known
    const view = this.bytes.subarray(0, length)
    this.#views[place] = view
    return view
  }
}
