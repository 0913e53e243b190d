import type { RoutingTable } from '@serin/core'
import { networksOf } from '@serin/spec'
import type { RoutingRule, Segment, UnitSource } from '@serin/spec'

/** How a part of a request is compared. */
export type Match = NonNullable<RoutingRule['path']>
/** A part of a request that a proxy can read. */
export type Source = Exclude<UnitSource, { readonly claim: string }> | { readonly path: true }
/** What is asked of a part of a request. */
export type Condition = readonly [source: Source, match: Match]

/** What a table lets a proxy read of a request, besides its rules. */
export interface Reads {
  /** Where the unit is looked for, in order. */
  readonly unit: readonly Source[]
  /** What the evidence of the rollout is told apart by. */
  readonly looks: readonly Source[]
  /** Networks of those who are believed, each once. */
  readonly trusted: readonly string[]
}

/** What a table lets a proxy read. */
export function readsOf({ unit, measurement, edge }: RoutingTable): Reads {
  const slices = measurement.rollout === 'idle' ? [] : Object.values(measurement.slices ?? {})
  return {
    unit: unit.flatMap((source) => ('claim' in source ? [] : [source])),
    looks: slices.map(({ header }): Source => (header === undefined ? { path: true } : { header })),
    trusted: [...new Set(networksOf(edge?.trustProxies ?? []))],
  }
}

/** What a rule asks for, its segment included: parts of the request, and how each is compared. */
export function conditionsOf(
  rule: RoutingRule,
  { segments = {} }: Pick<RoutingTable, 'segments'>,
): readonly Condition[] {
  return [rule, rule.segment === undefined ? {} : (segments[rule.segment] ?? {})].flatMap(conditionsIn)
}

function conditionsIn({ header, cookie, query, path }: Segment): readonly Condition[] {
  return [
    ...Object.entries(header ?? {}).map(([name, match]): Condition => [{ header: name }, match]),
    ...Object.entries(cookie ?? {}).map(([name, match]): Condition => [{ cookie: name }, match]),
    ...Object.entries(query ?? {}).map(([name, match]): Condition => [{ query: name }, match]),
    ...(path === undefined ? [] : [[{ path: true }, path] as const]),
  ]
}
