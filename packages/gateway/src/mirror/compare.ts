import type { Mirror } from '@serin/core'
import { alikeJson, ignoredTree } from './json.ts'
import type { JsonRules } from './json.ts'

/** A body as far as it was kept: its bytes without their content encoding; `unseen` when nobody kept it; `longer` when it is longer than stable's may be. */
export type Body = Buffer | 'unseen' | 'longer'

/** What a version made of a request. */
export interface Answer {
  /** Null when it gave no whole answer: refused, reset or timed out. */
  readonly status: number | null
  readonly body: Body
}

/** What is looked at. */
export interface Rules extends JsonRules {
  readonly body: Mirror['body']
}

/** Makes the rules of a mirror ready, once per table. */
export function rulesOf({ body, ignored, tolerance }: Pick<Mirror, 'body' | 'ignored' | 'tolerance'>): Rules {
  return { body, ignored: ignoredTree(ignored), tolerance }
}

/** How canary's answer differs from stable's, first by status. What was not kept of stable's body is not compared. */
export function differenceOf(stable: Answer, canary: Answer, rules: Rules): 'none' | 'status' | 'body' {
  if (stable.status !== canary.status) return 'status'
  if (rules.body === 'ignore' || stable.status === null) return 'none'
  return alikeBodies(stable.body, canary.body, rules) ? 'none' : 'body'
}

/** Whether a version failed at a request, as evidence counts it. */
export function failed({ status }: Answer): boolean {
  return status === null || status >= 500
}

function alikeBodies(stable: Body, canary: Body, rules: Rules): boolean {
  if (typeof stable === 'string' || canary === 'unseen') return true
  if (canary === 'longer') return false
  if (stable.equals(canary)) return true
  if (rules.body === 'exact') return false
  const [one, other] = [parsed(stable), parsed(canary)]
  return one !== undefined && other !== undefined && alikeJson(one, other, rules)
}

/** JSON, or undefined: that is no value of JSON. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
