import { insufficient, invalid } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'

/** What one hash bucket of units has added up to: [bucket, numerator, denominator]. */
export type BucketCell = readonly [bucket: number, num: number, den: number]

/**
 * Sums per hash bucket of units, stored sparse in rising bucket order, with running sums of squares. Bucket by a hash of
 * the unit that is independent of the assignment; users themselves are never stored.
 */
export interface BucketSums {
  readonly cells: readonly BucketCell[]
  readonly num: number
  readonly den: number
}

/** Beyond this a square could overflow; nothing that is measured is as large. */
const LARGEST = 1e100

/** Buckets per arm unless told otherwise. */
export const DEFAULT_BUCKETS = 256

/** No data. */
export function emptyBuckets(): BucketSums {
  return { cells: [], num: 0, den: 0 }
}

/** Adds cells (any order, buckets may repeat); refuses numbers that are not finite (or beyond 1e100), denominators < 0, unknown buckets. */
export function addToBuckets(sums: BucketSums, cells: readonly BucketCell[], buckets: number): Updated<BucketSums> {
  if (cells.length === 0) return { ok: true, state: sums }
  const merged = [...sums.cells]
  const fresh = new Map<number, BucketCell>()
  let { num: numSum, den: denSum } = sums
  for (const [bucket, num, den] of cells) {
    if (!Number.isInteger(bucket) || bucket < 0 || bucket >= buckets) return invalid(`There is no bucket ${bucket}.`)
    if (!(Math.abs(num) <= LARGEST)) return invalid(`The numerator of bucket ${bucket} is ${num}.`)
    if (!(den >= 0 && den <= LARGEST)) return invalid(`The denominator of bucket ${bucket} is ${den}.`)
    const at = placeOf(bucket, merged)
    const known = merged[at]
    if (known?.[0] === bucket) {
      merged[at] = [bucket, known[1] + num, known[2] + den]
    } else if (at === merged.length) {
      // Cells mostly come in rising order.
      merged.push([bucket, num, den])
    } else {
      const [, oldNum, oldDen] = fresh.get(bucket) ?? [bucket, 0, 0]
      fresh.set(bucket, [bucket, oldNum + num, oldDen + den])
    }
    numSum += num
    denSum += den
  }
  if (fresh.size > 0) merged.push(...fresh.values())
  const cellsInOrder = fresh.size > 0 ? merged.sort((a, b) => a[0] - b[0]) : merged
  return { ok: true, state: { cells: cellsInOrder, num: numSum, den: denSum } }
}

/** The first place in rising cells whose bucket is not below the one looked for. */
function placeOf(bucket: number, cells: readonly BucketCell[]): number {
  // Where every bucket has data its place is its number.
  if (cells[bucket]?.[0] === bucket) return bucket
  let [low, high] = [0, cells.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cells[middle]?.[0] ?? Infinity) < bucket) low = middle + 1
    else high = middle
  }
  return low
}

/** A ratio of sums over clustered units. */
export interface BucketRatio {
  readonly ok: true
  readonly ratio: number
  /** Delta-method variance of the ratio with buckets as clusters. */
  readonly variance: number
  /** Delete-one-bucket variance; far above `variance` when a few units decide everything. */
  readonly jackknifeVariance: number
  /** Largest part of the variance that one bucket brings, 0..1. */
  readonly largestShare: number
  /** True when jackknife / delta > 1.5 or one bucket brings over 20 % of the variance. */
  readonly dominated: boolean
  readonly nonEmpty: number
}

/** The ratio num / den with its cluster-robust variance; `insufficient` below two non-empty buckets. */
export function bucketRatio(sums: BucketSums): BucketRatio | Refusal {
  const used = sums.cells.filter(([, num, den]) => den > 0 || num !== 0)
  const nonEmpty = used.length
  if (nonEmpty < 2 || !(sums.den > 0)) return insufficient(`${nonEmpty} buckets hold data; at least 2 are needed.`)
  const ratio = sums.num / sums.den
  let squares = 0
  let largest = 0
  let jackSum = 0
  const jack: number[] = []
  for (const [, num, den] of used) {
    const residual = num - ratio * den
    squares += residual * residual
    largest = Math.max(largest, residual * residual)
    const without = sums.den - den
    if (!(without > 0)) return insufficient('One bucket holds the whole denominator.')
    const rest = (sums.num - num) / without
    jack.push(rest)
    jackSum += rest
  }
  const factor = nonEmpty / (nonEmpty - 1)
  const variance = (factor * squares) / (sums.den * sums.den)
  const jackMean = jackSum / nonEmpty
  let jackSquares = 0
  for (const rest of jack) jackSquares += (rest - jackMean) ** 2
  const jackknifeVariance = jackSquares / factor
  const largestShare = squares > 0 ? largest / squares : 0
  const dominated = largestShare > 0.2 || jackknifeVariance > 1.5 * variance
  return { ok: true, ratio, variance, jackknifeVariance, largestShare, dominated, nonEmpty }
}
