import { explainAssignment, type AssignmentAsked } from '@serin/core'
import type { AssignmentExplained } from '@serin/spec'
import { hash } from 'node:crypto'
import type { RoutingWish } from './routing.ts'

export type { AssignmentAsked, AssignmentExplained }

/** Which version a request gets under a table, and why; the secret of an override is looked for where a router looks for it. */
export function assignmentUnder(wish: RoutingWish, asked: AssignmentAsked): AssignmentExplained {
  const { headers = {} } = asked
  const key = typeof headers === 'function' ? headers('serin-key') : headers['serin-key']
  const hasKey = (sha256: string): boolean => typeof key === 'string' && hash('sha256', key) === sha256
  return explainAssignment(wish, { ...asked, hasKey })
}
