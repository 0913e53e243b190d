const shardBits = 6
const shardCount = 1 << shardBits
const deepest = 10
const servedBit = 28

/** One part of the table: keys and their counters (four bits per kind, then one per side served), open addressing; 0 is the empty key. */
interface Shard {
  keys: Uint32Array
  counters: Uint32Array
  recent: Uint32Array
  used: number
}

/** In what `meet` says: the unit was not known. */
export const isNew = 1
/** In what `meet` says: this side serves the unit for the first time. */
export const isServed = 2

/** The second count in what `count` returns is this many times as much. */
export const recentFactor = 16

/**
 * How often each unit met each kind of event, up to ten, in all and since the epoch began: twelve bytes per place, at most `capacity` units, at most
 * 24 MB for a million. It is cut into 64 parts that grow one by one, so that no request waits for a million entries to move.
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

  /** Begins an epoch: events are counted anew in the recent count; units stay known. */
  beginEpoch(): void {
    for (const shard of this.#shards) shard.recent.fill(0)
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
    this.#take(shard, place, known)
    return true
  }

  /** Takes a unit in and notes that a side (0 or 1) serves it: `isNew` when it was not known, plus `isServed` when that side had not served it. */
  meet(key: number, side: 0 | 1): number {
    const known = key === 0 ? 1 : key >>> 0
    const shard = this.#shardOf(known)
    const place = placeOf(shard, known)
    const bit = 1 << (servedBit + side)
    if (shard.keys[place] === known) {
      const packed = shard.counters[place] ?? 0
      if ((packed & bit) !== 0) return 0
      shard.counters[place] = (packed | bit) >>> 0
      return isServed
    }
    if (this.#size >= this.#capacity) {
      this.#refused += 1
      return 0
    }
    shard.counters[place] = bit >>> 0
    this.#take(shard, place, known)
    return isNew | isServed
  }

  /**
   * Counts an event of a kind (0–6) of a unit. Returns how many there are now in all, plus `recentFactor` times how many since the epoch
   * began (one number, so that the hot path allocates nothing); either is 0 for an unknown unit or after the tenth.
   */
  count(key: number, kind: number): number {
    const known = key === 0 ? 1 : key >>> 0
    const shard = this.#shardOf(known)
    const place = placeOf(shard, known)
    if (shard.keys[place] !== known) return 0
    return bump(shard.counters, place, kind) + recentFactor * bump(shard.recent, place, kind)
  }

  #take(shard: Shard, place: number, key: number): void {
    shard.keys[place] = key
    shard.used += 1
    this.#size += 1
    if (shard.used * 4 > shard.keys.length * 3) grow(shard)
  }

  #shardOf(key: number): Shard {
    const shard = this.#shards[key >>> (32 - shardBits)]
    if (shard === undefined) throw new RangeError('a key has 32 bits')
    return shard
  }
}

/** Adds one to the four bits of a kind; returns the new count, or 0 when it was ten already. */
function bump(counters: Uint32Array, place: number, kind: number): number {
  const packed = counters[place] ?? 0
  const before = (packed >>> (kind * 4)) & 15
  if (before >= deepest) return 0
  counters[place] = (packed + (1 << (kind * 4))) >>> 0
  return before + 1
}

function emptyShards(): Shard[] {
  return Array.from({ length: shardCount }, () => ({
    keys: new Uint32Array(64),
    counters: new Uint32Array(64),
    recent: new Uint32Array(64),
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
  const { keys, counters, recent } = shard
  shard.keys = new Uint32Array(keys.length * 2)
  shard.counters = new Uint32Array(keys.length * 2)
  shard.recent = new Uint32Array(keys.length * 2)
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] ?? 0
    if (key === 0) continue
    const place = placeOf(shard, key)
    shard.keys[place] = key
    shard.counters[place] = counters[i] ?? 0
    shard.recent[place] = recent[i] ?? 0
  }
}
