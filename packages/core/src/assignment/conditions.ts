import type { CountrySource, RoutingRule, Segment } from '@serin/spec'
import { boundOf } from './assign.ts'
import { deviceOf } from './device.ts'
import { compileMatch } from './match.ts'
import type { Match } from './match.ts'
import { compileHash } from './murmur-hash2.ts'
import type { Read, Readings } from './readings.ts'
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
  readonly readings: Readings
}

/** Makes a rule ready: all of its conditions must hold, and there must be one. */
export function compileRule(rule: Omit<RoutingRule, 'to'>, surroundings: Surroundings): Condition {
  const { segment, share } = rule
  const conditions = partsOf(rule, surroundings)
  // A segment that is not there holds nobody; a table that names one is refused before.
  if (segment !== undefined) conditions.unshift(surroundings.segments.get(segment) ?? (() => false))
  if (share !== undefined) conditions.push(drawn(`${surroundings.salt}${rule.name}/`, share))
  return allOf(conditions)
}

/** Makes segments ready. */
export function compileSegments(
  segments: Readonly<Record<string, Segment>> | undefined,
  surroundings: Pick<Surroundings, 'country' | 'readings'>,
): ReadonlyMap<string, Condition> {
  return new Map(Object.entries(segments ?? {}).map(([name, parts]) => [name, allOf(partsOf(parts, surroundings))]))
}

/** Reads the country of a request, as two capital letters. What a lookup says comes before a header. */
export function compileCountry(source: CountrySource | undefined): (request: RequestView) => string | undefined {
  if (source === undefined || !('header' in source)) return (request) => request.country?.()
  const name = source.header.toLowerCase()
  return (request) => request.country?.() ?? request.header(name)?.trim().toUpperCase()
}

function partsOf(
  { header, cookie, query, path, country, device, claim, unit }: Segment,
  { country: source, readings }: Pick<Surroundings, 'country' | 'readings'>,
): Condition[] {
  const conditions: Condition[] = []
  // Headers and the path are asked of the request itself: it has them at hand, and these are the conditions that come most.
  for (const [name, match] of Object.entries(header ?? {})) {
    const [lower, test] = [name.toLowerCase(), compileMatch(match)]
    conditions.push((request) => test(request.header(lower)))
  }
  for (const [name, match] of Object.entries(cookie ?? {})) {
    conditions.push(asked(readings, `cookie ${name}`, (request) => request.cookie(name), match))
  }
  for (const [name, match] of Object.entries(query ?? {})) {
    conditions.push(asked(readings, `query ${name}`, (request) => request.query(name), match))
  }
  if (path !== undefined) conditions.push(compilePath(path))
  if (country !== undefined) conditions.push(asked(readings, 'country', compileCountry(source), { in: country }))
  if (device !== undefined) conditions.push(asked(readings, 'device', deviceOf, { in: device }))
  for (const [name, match] of Object.entries(claim ?? {})) {
    conditions.push(asked(readings, `claim ${name}`, (request) => request.claim?.(name), match))
  }
  if (unit !== undefined) {
    const wanted: ReadonlySet<string | null> = new Set(unit)
    conditions.push((_request, own) => wanted.has(own))
  }
  return conditions
}

function compilePath(match: Match): Condition {
  const { equals, prefix } = match
  const text = equals ?? prefix ?? ''
  if (text !== '') return (request) => request.pathBegins(text, equals !== undefined)
  const test = compileMatch(match)
  return (request) => test(request.path())
}

function asked(readings: Readings, name: string, read: Read, match: Match): Condition {
  const [reader, test] = [readings.once(name, read), compileMatch(match)]
  return (request) => test(reader(request))
}

/** A part of the units, by a hash that has nothing to do with who is in canary. */
function drawn(salt: string, sharePercent: number): Condition {
  const bound = sharePercent >= 100 ? Infinity : boundOf(sharePercent * 100)
  const hashOf = compileHash(salt)
  return (_request, unit) => unit !== null && hashOf(unit) < bound
}

function allOf(conditions: readonly Condition[]): Condition {
  const [first, second] = conditions
  if (first === undefined) return () => false
  if (second === undefined) return first
  return (request, unit) => {
    for (const holds of conditions) if (!holds(request, unit)) return false
    return true
  }
}
