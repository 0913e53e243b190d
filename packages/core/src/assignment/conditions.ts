import type { CountrySource, RoutingRule, Segment } from '@serin/spec'
import { boundOf } from './assign.ts'
import { deviceOf } from './device.ts'
import { compileMatch } from './match.ts'
import { murmurHash2 } from './murmur-hash2.ts'
import type { RequestView } from './request-view.ts'

/** Whether a request, of this unit, is meant. */
export type Condition = (request: RequestView, unit: string | null) => boolean

/** What conditions need to know besides the request. */
export interface Surroundings {
  readonly country: CountrySource | undefined
  /** Segments by name, ready. */
  readonly segments: ReadonlyMap<string, Condition>
  /** Salt of the table: a share of who matches is drawn anew with it. */
  readonly salt: string
}

/** Makes a rule ready: all of its conditions must hold, and there must be one. */
export function compileRule(rule: Omit<RoutingRule, 'to'>, surroundings: Surroundings): Condition {
  const { segment, share } = rule
  const conditions = partsOf(rule, surroundings.country)
  // A segment that is not there holds nobody; a table that names one is refused before.
  if (segment !== undefined) conditions.unshift(surroundings.segments.get(segment) ?? (() => false))
  if (share !== undefined) conditions.push(drawn(`${surroundings.salt}${rule.name}/`, share))
  return allOf(conditions)
}

/** Makes segments ready. */
export function compileSegments(
  segments: Readonly<Record<string, Segment>> | undefined,
  country: CountrySource | undefined,
): ReadonlyMap<string, Condition> {
  return new Map(Object.entries(segments ?? {}).map(([name, parts]) => [name, allOf(partsOf(parts, country))]))
}

/** Reads the country of a request, as two capital letters. What a lookup says comes before a header. */
export function compileCountry(source: CountrySource | undefined): (request: RequestView) => string | undefined {
  if (source === undefined || !('header' in source)) return (request) => request.country?.()
  const name = source.header.toLowerCase()
  return (request) => request.country?.() ?? request.header(name)?.trim().toUpperCase()
}

function partsOf(
  { header, cookie, query, path, country, device, claim, unit }: Segment,
  source: CountrySource | undefined,
): Condition[] {
  const conditions: Condition[] = []
  for (const [name, match] of Object.entries(header ?? {})) {
    const [lower, test] = [name.toLowerCase(), compileMatch(match)]
    conditions.push((request) => test(request.header(lower)))
  }
  for (const [name, match] of Object.entries(cookie ?? {})) {
    const test = compileMatch(match)
    conditions.push((request) => test(request.cookie(name)))
  }
  for (const [name, match] of Object.entries(query ?? {})) {
    const test = compileMatch(match)
    conditions.push((request) => test(request.query(name)))
  }
  if (path !== undefined) {
    const test = compileMatch(path)
    conditions.push((request) => test(request.path()))
  }
  if (country !== undefined) {
    const [read, wanted] = [compileCountry(source), new Set<string | undefined>(country)]
    conditions.push((request) => wanted.has(read(request)))
  }
  if (device !== undefined) {
    const wanted: ReadonlySet<string> = new Set(device)
    conditions.push((request) => wanted.has(deviceOf(request)))
  }
  for (const [name, match] of Object.entries(claim ?? {})) {
    const test = compileMatch(match)
    conditions.push((request) => test(request.claim?.(name)))
  }
  if (unit !== undefined) {
    const wanted: ReadonlySet<string | null> = new Set(unit)
    conditions.push((_request, own) => wanted.has(own))
  }
  return conditions
}

/** A part of the units, by a hash that has nothing to do with who is in canary. */
function drawn(salt: string, sharePercent: number): Condition {
  const bound = sharePercent >= 100 ? Infinity : boundOf(sharePercent * 100)
  return (_request, unit) => unit !== null && murmurHash2(salt + unit) < bound
}

function allOf(conditions: readonly Condition[]): Condition {
  const [only] = conditions
  if (only !== undefined && conditions.length === 1) return only
  return (request, unit) => conditions.length > 0 && conditions.every((condition) => condition(request, unit))
}
