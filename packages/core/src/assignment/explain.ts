import type { AssignmentExplained } from '@serin/spec'
import type { RoutingTable } from '../routing.ts'
import { murmurHash2 } from './murmur-hash2.ts'
import { viewOf, type RequestParts } from './request-view.ts'
import { compileRouter } from './router.ts'

/** A request, or only whose it is. */
export interface AssignmentAsked extends Partial<RequestParts> {
  /** Instead of what the request says. */
  readonly unit?: string | undefined
}

const hashes = 2 ** 32

/** Which version a table gives a request, and why: the very decision a router takes, with what it was taken from. */
export function explainAssignment(
  table: Omit<RoutingTable, 'revision'>,
  { unit: named, headers = {}, target = '/', address = '127.0.0.1' }: AssignmentAsked,
): AssignmentExplained {
  const router = compileRouter({ ...table, revision: 0, ...(named === undefined ? {} : { unit: [] }) })
  const { version, by, rule, unit: own } = router.decide(viewOf({ headers, target, address }), () => named ?? '')
  const unit = named ?? own
  const placePercent = unit === null ? null : (100 * murmurHash2(table.salt + unit)) / hashes
  let fromPercent = 0
  const shares = table.arms
    .filter(({ weightBp }) => weightBp > 0)
    .map((arm) => {
      const share = { version: arm.version, fromPercent, toPercent: fromPercent + arm.weightBp / 100 }
      fromPercent = share.toPercent
      return share
    })
  const why = { version, by, rule: rule ?? null, unit, placePercent, shares }
  return { ...why, sentence: sentenceOf(why, table) }
}

function sentenceOf(
  { version, by, rule, unit, placePercent, shares }: Omit<AssignmentExplained, 'sentence'>,
  { overrideHeader, canary }: Pick<RoutingTable, 'overrideHeader' | 'canary'>,
): string {
  if (by === 'rule') return `${version}: the rule "${rule ?? ''}" matches, and rules come first.`
  if (by === 'override') return `${version}: the header ${overrideHeader ?? ''} names it.`
  if (unit === null || placePercent === null)
    return `The request says not whose it is, so chance decides each time: ${shares.map((share) => `${share.version} ${percent(share.toPercent - share.fromPercent)}`).join(', ')}.`
  const own = shares.find((share) => share.version === version)
  const range = own === undefined ? '' : `, and ${version} has ${percent(own.fromPercent)} to ${percent(own.toPercent)}`
  const later =
    canary !== null && version !== canary ? ` It meets ${canary} from a share of ${percent(placePercent)} on.` : ''
  return `${version}: the place of ${unit} is ${percent(placePercent)}${range}.${later}`
}

function percent(value: number): string {
  return `${Number(value.toFixed(4))} %`
}
