const encoder = new TextEncoder()

/** A protocol-buffers message that grows field by field, in the order of the calls: the same calls give the same bytes. */
export class Message {
  readonly #bytes: number[] = []

  /** A whole number as a varint (int32, int64, bool, enum). Safe integers only; negative ones take ten bytes, as the format wants. */
  int(field: number, value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`field ${field} needs a safe integer, got ${value}`)
    this.#key(field, 0)
    this.#varint(BigInt.asUintN(64, BigInt(value)))
    return this
  }

  /** A 32-bit float. */
  float(field: number, value: number): this {
    this.#key(field, 5)
    this.#append(littleEndian([value]))
    return this
  }

  /** Bytes as they are. */
  bytes(field: number, value: Uint8Array): this {
    this.#key(field, 2)
    this.#varint(BigInt(value.length))
    this.#append(value)
    return this
  }

  /** UTF-8 text. */
  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value))
  }

  /** A message within this one. */
  message(field: number, value: Message): this {
    return this.bytes(field, value.finish())
  }

  /** A packed list of varints. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Message()
    for (const value of values) packed.#varint(BigInt.asUintN(64, BigInt(value)))
    return this.bytes(field, packed.finish())
  }

  /** A packed list of 32-bit floats. */
  floats(field: number, values: Iterable<number>): this {
    return this.bytes(field, littleEndian([...values]))
  }

  /** The message so far. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  #key(field: number, wire: number): void {
    this.#varint(BigInt((field << 3) | wire))
  }

  #varint(value: bigint): void {
    let rest = value
    while (rest > 0x7fn) {
      this.#bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#bytes.push(Number(rest))
  }

  #append(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte)
  }
}

/** Floats as the format and ONNX’s raw data have them: four bytes each, little end first, whatever the machine. */
export function littleEndian(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true)
  return new Uint8Array(view.buffer)
}
