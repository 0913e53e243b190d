const shardBits = 6
const shardCount = 1 << shardBits
const deepest = 10

/** One part of the table: keys and their counters, open addressing; 0 is the empty key. */
interface Shard {
  keys: Uint32Array
  counters: Uint32Array
  used: number
}

/**
 * How often each unit met each kind of event, up to ten: eight bytes per place, at most `capacity` units, at most 16 MB for a million.
 * It is cut into 64 parts that grow one by one, so that no request waits for a million entries to move.
 */
export class UnitCounters {
  readonly #capacity: number
  #shards: Shard[] = emptyShards()
  #size = 0
  #refused = 0

  constructor(capacity = 1_000_000) {
    this.#capacity = capacity
  }

  /** Units known. */
  get size(): number {
    return this.#size
  }

  /** Sightings of units that were not taken in because the table is full. */
  get refused(): number {
    return this.#refused
  }

  /** Forgets all units. */
  clear(): void {
    this.#shards = emptyShards()
    this.#size = 0
    this.#refused = 0
  }

  /** Takes a unit in; true when it was not known. A full table takes nobody in. */
  add(key: number): boolean {
    const known = key === 0 ? 1 : key >>> 0
    const shard = this.#shardOf(known)
    const place = placeOf(shard, known)
    if (shard.keys[place] === known) return false
    if (this.#size >= this.#capacity) {
      this.#refused += 1
      return false
    }
    shard.keys[place] = known
    shard.used += 1
    this.#size += 1
    if (shard.used * 4 > shard.keys.length * 3) grow(shard)
    return true
  }

  /** Counts an event of a kind (0–7) of a unit; returns how many there are now, or 0 for an unknown unit or after the tenth. */
  count(key: number, kind: number): number {
    const known = key === 0 ? 1 : key >>> 0
    const shard = this.#shardOf(known)
    const place = placeOf(shard, known)
    if (shard.keys[place] !== known) return 0
    const counters = shard.counters[place] ?? 0
    const before = (counters >>> (kind * 4)) & 15
    if (before >= deepest) return 0
    shard.counters[place] = (counters + (1 << (kind * 4))) >>> 0
    return before + 1
  }

  #shardOf(key: number): Shard {
    const shard = this.#shards[key >>> (32 - shardBits)]
    if (shard === undefined) throw new RangeError('a key has 32 bits')
    return shard
  }
}

function emptyShards(): Shard[] {
  return Array.from({ length: shardCount }, () => ({
    keys: new Uint32Array(64),
    counters: new Uint32Array(64),
    used: 0,
  }))
}

/** The place of a key, or the empty place where it belongs. Three quarters at most are used, so there is one. */
function placeOf(shard: Shard, key: number): number {
  const mask = shard.keys.length - 1
  let place = key & mask
  for (;;) {
    const there = shard.keys[place]
    if (there === 0 || there === key) return place
    place = (place + 1) & mask
  }
}

function grow(shard: Shard): void {
  const { keys, counters } = shard
  shard.keys = new Uint32Array(keys.length * 2)
  shard.counters = new Uint32Array(keys.length * 2)
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] ?? 0
    if (key === 0) continue
    const place = placeOf(shard, key)
    shard.keys[place] = key
    shard.counters[place] = counters[i] ?? 0
  }
}
