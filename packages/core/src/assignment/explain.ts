import type { AssignmentExplained } from '@serin/spec'
import type { RoutingTable } from '../routing.ts'
import { compileCountry, compileSegments } from './conditions.ts'
import { deviceOf } from './device.ts'
import { murmurHash2 } from './murmur-hash2.ts'
import { Readings } from './readings.ts'
import { viewOf, type RequestParts, type RequestView } from './request-view.ts'
import { compileRouter, type Decision } from './router.ts'

/** A request, or only whose it is. */
export interface AssignmentAsked extends Partial<RequestParts> {
  /** Instead of what the request says. */
  readonly unit?: string | undefined
  /** Instead of what a lookup says. */
  readonly country?: string | undefined
  /** Claims of its token, taken as verified. */
  readonly claims?: Readonly<Record<string, string>> | undefined
  /** Whether the request brings the secret with this SHA-256. */
  readonly hasKey?: (sha256: string) => boolean
}

const hashes = 2 ** 32

/** Which version a table gives a request, and why: the very decision a router takes, with what it was taken from. */
export function explainAssignment(table: Omit<RoutingTable, 'revision'>, asked: AssignmentAsked): AssignmentExplained {
  const { unit: named } = asked
  const router = compileRouter({ ...table, revision: 0, ...(named === undefined ? {} : { unit: [namedUnit] }) })
  const view = viewAsked(asked)
  const decision = router.decide(view, () => '')
  const unit = decision.issued === true ? null : decision.unit
  const placePercent = unit === null ? null : (100 * murmurHash2(table.salt + unit)) / hashes
  let fromPercent = 0
  const shares = table.arms
    .filter(({ weightBp }) => weightBp > 0)
    .map((arm) => {
      const share = { version: arm.version, fromPercent, toPercent: fromPercent + arm.weightBp / 100 }
      fromPercent = share.toPercent
      return share
    })
  const { version, by, rule = null } = decision
  const why = { version, by, rule, unit, placePercent, shares, ...requestOf(table, view, unit) }
  return { ...why, sentence: sentenceOf(why, table, decision) }
}

/** A source that every request has; only a view that is asked knows what it says. */
const namedUnit = { claim: '' } as const

function viewAsked({
  unit,
  headers = {},
  target = '/',
  address = '127.0.0.1',
  ...asked
}: AssignmentAsked): RequestView {
  const { country, claims = {}, hasKey } = asked
  return Object.assign(viewOf({ headers, target, address }), {
    country: () => country,
    claim: (name: string) => (name === namedUnit.claim ? unit : claims[name]),
    ...(hasKey === undefined ? {} : { hasKey }),
  })
}

function requestOf(
  { segments, country }: Pick<RoutingTable, 'segments' | 'country'>,
  view: RequestView,
  unit: string | null,
): Pick<AssignmentExplained, 'country' | 'device' | 'segments'> {
  const known = [...compileSegments(segments, { country, readings: new Readings() })]
  return {
    country: compileCountry(country)(view) ?? null,
    device: deviceOf(view),
    segments: known.filter(([, holds]) => holds(view, unit)).map(([name]) => name),
  }
}

function sentenceOf(
  { version, by, rule, unit, placePercent, shares }: Omit<AssignmentExplained, 'sentence'>,
  { overrideHeader, canary, sticky }: Pick<RoutingTable, 'overrideHeader' | 'canary' | 'sticky'>,
  { issued }: Decision,
): string {
  if (by === 'rule') return `${version}: the rule "${rule ?? ''}" matches, and rules come first.`
  if (by === 'override') return `${version}: the header ${overrideHeader ?? ''} names it.`
  if (unit === null || placePercent === null) {
    const chances = shares.map((share) => `${share.version} ${percent(share.toPercent - share.fromPercent)}`).join(', ')
    return issued === true
      ? `The request says not whose it is, so it gets an id in the cookie ${sticky?.cookie ?? ''} by which it keeps its version; chance decides once: ${chances}.`
      : `The request says not whose it is, so chance decides each time: ${chances}.`
  }
  const own = shares.find((share) => share.version === version)
  const range = own === undefined ? '' : `, and ${version} has ${percent(own.fromPercent)} to ${percent(own.toPercent)}`
  const later =
    canary !== null && version !== canary ? ` It meets ${canary} from a share of ${percent(placePercent)} on.` : ''
  return `${version}: the place of ${unit} is ${percent(placePercent)}${range}.${later}`
}

function percent(value: number): string {
  return `${Number(value.toFixed(4))} %`
}
