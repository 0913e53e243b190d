/** Room of replicas for requests: so many in a second each, and half a second's worth saved up. */
export class Rooms {
  readonly #perSecond: number
  readonly #rooms = new Map<string, { readonly left: number; readonly atMs: number }>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Whether a replica takes one more request now. */
  takes(id: string, atMs: number): boolean {
    if (this.#perSecond === Infinity) return true
    const most = this.#perSecond / 2
    const room = this.#rooms.get(id) ?? { left: most, atMs }
    const left = Math.min(most, room.left + ((atMs - room.atMs) * this.#perSecond) / 1_000)
    this.#rooms.set(id, { left: left >= 1 ? left - 1 : left, atMs })
    return left >= 1
  }
}
