import type { RoutingRule, UnitSource } from '@serin/spec'
import type { RoutingTable } from '../routing.ts'
import { compilePick } from './assign.ts'
import { compileMatch } from './match.ts'
import { murmurHash2 } from './murmur-hash2.ts'
import type { RequestView } from './request-view.ts'

/** Who answers a request, and why. */
export interface Decision {
  readonly version: string
  readonly by: 'rule' | 'override' | 'hash'
  /** Who the request belongs to, or null when no source had an id. */
  readonly unit: string | null
  /** Name of the rule, when one decided. */
  readonly rule?: string
}

/** A routing table made ready for decisions. */
export interface Router {
  /** Rules first, then the override header, then the hash. `randomUnit` is asked only when the request has no unit of its own. */
  decide(request: RequestView, randomUnit: () => string): Decision
}

type Condition = (request: RequestView) => boolean

/** Compiles a table once, so that a decision is a few closures. A rule to canary means stable while there is no canary. */
export function compileRouter(table: RoutingTable): Router {
  const known = new Set(table.arms.map((arm) => arm.version))
  const pick = compilePick(table.arms)
  const unitOf = compileUnit(table.unit)
  const rules = table.rules.map((rule) => ({
    name: rule.name,
    matches: compileRule(rule),
    version: rule.to === 'canary' ? (table.canary ?? table.stable) : table.stable,
  }))
  const { overrideHeader, salt } = table
  return {
    decide(request, randomUnit) {
      const unit = unitOf(request)
      for (const rule of rules) {
        if (rule.matches(request)) return { version: rule.version, by: 'rule', unit, rule: rule.name }
      }
      const named = overrideHeader === null ? undefined : request.header(overrideHeader)
      if (named !== undefined && known.has(named)) return { version: named, by: 'override', unit }
      return { version: pick(murmurHash2(salt + (unit ?? randomUnit()))), by: 'hash', unit }
    },
  }
}

function compileUnit(sources: readonly UnitSource[]): (request: RequestView) => string | null {
  const readers = sources.map(compileSource)
  return (request) => {
    for (const read of readers) {
      const value = read(request)
      if (value !== undefined && value !== '') return value
    }
    return null
  }
}

function compileSource(source: UnitSource): (request: RequestView) => string | undefined {
  if ('header' in source) {
    const name = source.header.toLowerCase()
    return (request) => request.header(name)
  }
  if ('cookie' in source) return (request) => request.cookie(source.cookie)
  if ('query' in source) return (request) => request.query(source.query)
  return (request) => request.address()
}

function compileRule(rule: RoutingRule): Condition {
  const conditions: Condition[] = []
  for (const [name, match] of Object.entries(rule.header ?? {})) {
    const [lower, test] = [name.toLowerCase(), compileMatch(match)]
    conditions.push((request) => test(request.header(lower)))
  }
  for (const [name, match] of Object.entries(rule.cookie ?? {})) {
    const test = compileMatch(match)
    conditions.push((request) => test(request.cookie(name)))
  }
  for (const [name, match] of Object.entries(rule.query ?? {})) {
    const test = compileMatch(match)
    conditions.push((request) => test(request.query(name)))
  }
  if (rule.path !== undefined) {
    const test = compileMatch(rule.path)
    conditions.push((request) => test(request.path()))
  }
  return (request) => conditions.length > 0 && conditions.every((condition) => condition(request))
}
