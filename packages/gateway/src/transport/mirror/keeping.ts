/** The memory that all copies share. */
export class Room {
  readonly #bytes: number
  #taken = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  get taken(): number {
    return this.#taken
  }

  /** Takes bytes, or says that there are not so many. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytes) return false
    this.#taken += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes
  }
}

/** A body as it is kept: in one piece, because many small chunks would take far more than their bytes. */
export class KeptBody {
  readonly #room: Room
  readonly #limit: number
  readonly #stores: boolean
  #buffer = Buffer.alloc(0)
  #length = 0
  #state: 'kept' | 'longer' | 'no room' = 'kept'

  /** Without `stores` it is measured only. */
  constructor(room: Room, { limit, stores }: { readonly limit: number; readonly stores: boolean }) {
    this.#room = room
    this.#limit = limit
    this.#stores = stores
  }

  /** `kept` as long as all of it is there. */
  get state(): 'kept' | 'longer' | 'no room' {
    return this.#state
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Keeps a chunk, or lets go of everything when there is too much. */
  add(chunk: Buffer): void {
    if (this.#state !== 'kept') return
    const length = this.#length + chunk.length
    if (length > this.#limit) this.#give('longer')
    else if (!this.#stores) this.#length = length
    else if (length > this.#buffer.length && !this.#grow(length)) this.#give('no room')
    else {
      chunk.copy(this.#buffer, this.#length)
      this.#length = length
    }
  }

  /** Nobody needs it any more. */
  drop(): void {
    if (this.#state === 'kept') this.#give('no room')
  }

  #grow(length: number): boolean {
    const size = Math.min(this.#limit, Math.max(length, this.#buffer.length * 2, 1_024))
    if (!this.#room.take(size - this.#buffer.length)) return false
    const larger = Buffer.allocUnsafeSlow(size)
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
    return true
  }

  #give(state: 'longer' | 'no room'): void {
    this.#room.giveBack(this.#buffer.length)
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
    this.#state = state
  }
}
