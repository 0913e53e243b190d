import type { RoutingArm, RoutingTable } from '../routing.ts'
import { compileHash, murmurHash2 } from './murmur-hash2.ts'

/** The hash below which a unit lies within the first `cumulativeBp` basis points: nginx's own integer arithmetic. */
export function boundOf(cumulativeBp: number): number {
  return Math.floor((cumulativeBp * 0xffffffff) / 10_000)
}

/**
 * A picker of arms by hash: the first arm, in order, whose cumulated bound lies above the hash. The last arm that has any weight is
 * open-ended, as `*` in `split_clients`; an arm of weight 0 is never picked.
 */
export function compilePick(arms: readonly RoutingArm[]): (hash: number) => string {
  const weighted = arms.filter((arm) => arm.weightBp > 0)
  const last = weighted.at(-1)
  if (last === undefined) throw new RangeError('a routing table needs an arm with a weight')
  const versions = weighted.slice(0, -1).map((arm) => arm.version)
  let cumulativeBp = 0
  const bounds = Float64Array.from(versions.keys(), (i) => {
    cumulativeBp += weighted[i]?.weightBp ?? 0
    return boundOf(cumulativeBp)
  })
  return (hash) => {
    for (let i = 0; i < bounds.length; i += 1) {
      if (hash < (bounds[i] ?? 0)) return versions[i] ?? last.version
    }
    return last.version
  }
}

/** The version the hash gives a unit: the same on every router, for as long as salt and weights stay. */
export function assign(table: Pick<RoutingTable, 'arms' | 'salt'>, unit: string): string {
  return compilePick(table.arms)(murmurHash2(table.salt + unit))
}

const bucketHashOf = compileHash('serin.bucket/')

/** The statistical bucket of a unit, 0 … buckets−1; independent of which version it is assigned, and the same in every rollout. */
export function bucketOf(unit: string, buckets = 256): number {
  return bucketHashOf(unit) % buckets
}
