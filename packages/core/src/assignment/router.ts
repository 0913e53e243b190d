import type { UnitSource } from '@serin/spec'
import type { RoutingTable } from '../routing.ts'
import { compilePick } from './assign.ts'
import { compileRule, compileSegments } from './conditions.ts'
import { compileHash } from './murmur-hash2.ts'
import { Readings } from './readings.ts'
import type { RequestView } from './request-view.ts'

/** Who answers a request, and why. */
export interface Decision {
  readonly version: string
  readonly by: 'rule' | 'override' | 'hash'
  /** Who the request belongs to, or null when no source had an id. */
  readonly unit: string | null
  /** Name of the rule, when one decided. */
  readonly rule?: string
  /** The unit is new: its client has to be told, in the cookie of the table, so that it comes back with it. */
  readonly issued?: true
}

/** A routing table made ready for decisions. */
export interface Router {
  /**
   * Rules first, then the override header, then the hash. `randomUnit` is asked only when the request has no unit of its own; with a sticky
   * cookie its answer becomes the unit, and is issued.
   */
  decide(request: RequestView, randomUnit: () => string): Decision
}

/** Compiles a table once, so that a decision is a few closures. A rule to canary means stable while there is no canary. */
export function compileRouter(table: RoutingTable): Router {
  const { overrideHeader, overrideKeySha256, salt, sticky, country } = table
  const known = new Set(table.arms.map((arm) => arm.version))
  const pick = compilePick(table.arms)
  const hashOf = compileHash(salt)
  const unitOf = compileUnit(table.unit, sticky)
  const readings = new Readings()
  const segments = compileSegments(table.segments, { country, readings })
  const rules = table.rules.map((rule) => ({
    name: rule.name,
    matches: compileRule(rule, { country, salt, segments, readings }),
    version: rule.to === 'canary' ? (table.canary ?? table.stable) : table.stable,
  }))
  const decide = (request: RequestView, unit: string | null, randomUnit: () => string): Decision => {
    for (const rule of rules) {
      if (rule.matches(request, unit)) return { version: rule.version, by: 'rule', unit, rule: rule.name }
    }
    const named = overrideHeader === null ? undefined : request.header(overrideHeader)
    if (named !== undefined && known.has(named) && mayOverride(request, overrideKeySha256))
      return { version: named, by: 'override', unit }
    return { version: pick(hashOf(unit ?? randomUnit())), by: 'hash', unit }
  }
  return {
    decide(request, randomUnit) {
      readings.next()
      const unit = unitOf(request)
      if (unit !== null || sticky === undefined) return decide(request, unit, randomUnit)
      return { ...decide(request, randomUnit(), randomUnit), issued: true }
    },
  }
}

function mayOverride(request: RequestView, keySha256: string | undefined): boolean {
  return keySha256 === undefined || request.hasKey?.(keySha256) === true
}

const issuedLength = 22

/** Whether an id was issued: what else stands in the cookie is none. */
function isIssued(id: string): boolean {
  if (id.length !== issuedLength) return false
  for (let i = 0; i < issuedLength; i += 1) if (inIds[id.charCodeAt(i)] !== 1) return false
  return true
}

const inIds = new Uint8Array(128)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') inIds[c.charCodeAt(0)] = 1

function compileUnit(
  sources: readonly UnitSource[],
  sticky: RoutingTable['sticky'],
): (request: RequestView) => string | null {
  const readers = sources.map(compileSource)
  if (sticky !== undefined) {
    readers.push((request) => {
      const id = request.cookie(sticky.cookie)
      return id !== undefined && isIssued(id) ? id : undefined
    })
  }
  const [only] = readers
  if (only !== undefined && readers.length === 1) return (request) => only(request) || null
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
  if ('claim' in source) return (request) => request.claim?.(source.claim)
  return (request) => request.address()
}
