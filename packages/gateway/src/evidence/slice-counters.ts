import type { SliceCounts } from '@serin/core'
import { otherValue, sliceValues } from '@serin/core/evidence'
import { UnitCounters } from './unit-counters.ts'

/** Places per slice: those followed by name, and one for all others. */
const width = sliceValues + 1
/** Numbers per place: requests, errors, events. */
const depth = 3
/** 2³² divided by the golden ratio: odd, so that different places of a unit never share a key. */
const spread = 0x9e3779b1

/** What one version did in each slice since the last cut. */
export class SliceTally {
  readonly #counts: Uint32Array

  constructor(slices: number) {
    this.#counts = new Uint32Array(slices * width * depth)
  }

  /** A randomised request; `event` when its error is one that counts. */
  add(place: number, failed: boolean, event: boolean): void {
    const at = place * depth
    this.#bump(at)
    if (failed) this.#bump(at + 1)
    if (event) this.#bump(at + 2)
  }

  /** The counts of a place. */
  read(place: number): readonly [number, number, number] {
    const at = place * depth
    return [this.#counts[at] ?? 0, this.#counts[at + 1] ?? 0, this.#counts[at + 2] ?? 0]
  }

  /** Empties it. */
  clear(): void {
    this.#counts.fill(0)
  }

  #bump(at: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
  }
}

/**
 * Which values of each slice are followed, and which units had their first error in which of them. Bounded: 33 values per slice, and only units
 * that failed take a place, at most `capacity` of them; a first error beyond that is not counted.
 */
export class SliceCounters {
  readonly #names: readonly string[]
  readonly #followed: readonly Map<string, number>[]
  readonly #failed: UnitCounters

  constructor(names: readonly string[], capacity?: number) {
    this.#names = names
    this.#followed = names.map(() => new Map<string, number>())
    this.#failed = new UnitCounters(capacity)
  }

  /** An empty tally for these slices. */
  tally(): SliceTally {
    return new SliceTally(this.#names.length)
  }

  /** Counts a randomised request in each of its values. */
  count(
    tally: SliceTally,
    values: readonly string[],
    request: { readonly unitKey: number | null; readonly failed: boolean },
  ): void {
    const { unitKey, failed } = request
    for (let slice = 0; slice < this.#followed.length; slice += 1) {
      const followed = this.#followed[slice]
      if (followed === undefined) return
      const place = slice * width + placeOf(followed, values[slice] ?? otherValue)
      tally.add(place, failed, failed && (unitKey === null || this.#failed.add(keyOf(unitKey, place))))
    }
  }

  /** The counts of a tally by slice and value, those with requests; the tally is empty afterwards. */
  take(tally: SliceTally): SliceCounts {
    const read = (slice: number, followed: ReadonlyMap<string, number>) =>
      [...followed, [otherValue, sliceValues] as const]
        .map(([value, place]) => [value, tally.read(slice * width + place)] as const)
        .filter(([, [requests]]) => requests > 0)
    const counts = this.#followed.map((followed, slice) => [
      this.#names[slice] ?? '',
      Object.fromEntries(read(slice, followed)),
    ])
    tally.clear()
    return Object.fromEntries(counts) as SliceCounts
  }
}

/** The place of a value within its slice; the first 32 get one of their own. */
function placeOf(followed: Map<string, number>, value: string): number {
  const known = followed.get(value)
  if (known !== undefined) return known
  if (value === otherValue || followed.size >= sliceValues) return sliceValues
  followed.set(value, followed.size)
  return followed.size - 1
}

function keyOf(unitKey: number, place: number): number {
  return (unitKey ^ Math.imul(place + 1, spread)) >>> 0
}
