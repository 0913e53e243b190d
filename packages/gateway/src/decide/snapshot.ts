import type { RoutingTable } from '@serin/core'
import { compileRouter, compileSlices } from '@serin/core/assignment'
import type { Classify, Router } from '@serin/core/assignment'
import { Edge } from '../edge/edge.ts'

/** A routing table in force, ready for decisions. A request keeps the snapshot it started with. */
export interface Snapshot {
  readonly table: RoutingTable
  readonly router: Router
  /** The slices of a request, or null when none are asked for. */
  readonly classify: Classify | null
  readonly edge: Edge
  /** Base addresses by version. */
  readonly endpoints: ReadonlyMap<string, readonly string[]>
  /** Canary's share in basis points, and the rollout it counts for. */
  readonly canaryBp: number
  readonly rollout: string
  /** Who answers at the preview address: canary, or stable when there is none. */
  readonly previewed: string
  /** When it came into force, ms since the epoch. */
  readonly appliedAt: number
}

/** Makes a table ready; swapping the reference to the result is the whole change of weights. */
export function snapshotOf(table: RoutingTable, appliedAt: number): Snapshot {
  const endpoints = new Map(table.arms.map((arm) => [arm.version, arm.endpoints]))
  const canaryBp = table.arms.find((arm) => arm.version === table.canary)?.weightBp ?? 0
  const { rollout, slices } = table.measurement
  const classify = rollout === 'idle' ? null : compileSlices(slices)
  const previewed = table.canary ?? table.stable
  const [router, edge] = [compileRouter(table), new Edge(table.edge)]
  return { table, router, edge, classify, endpoints, canaryBp, rollout, previewed, appliedAt }
}

/** Whether requests of one client can be known as such. */
export function hasUnits({ unit, sticky }: Pick<RoutingTable, 'unit' | 'sticky'>): boolean {
  return unit.length > 0 || sticky !== undefined
}

/** Whether the hash assigns the same units, and the same is measured: what started under one table may be judged under the other. */
export function sameExperiment(one: RoutingTable, other: RoutingTable): boolean {
  return experimentOf(one) === experimentOf(other)
}

function experimentOf({ arms, stable, canary, measurement, ...table }: RoutingTable): string {
  const weights = arms.filter((arm) => arm.weightBp > 0).map((arm) => [arm.version, arm.weightBp])
  const { salt, unit, sticky, token, country, segments, rules, overrideHeader, overrideKeySha256 } = table
  const believed = table.edge?.trustProxies
  const who = [salt, unit, sticky, token, country, segments, rules, overrideHeader, overrideKeySha256, believed]
  return JSON.stringify([weights, who, stable, canary, measurement])
}
