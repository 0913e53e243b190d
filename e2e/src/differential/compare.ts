import type { readStrictly, Seen } from './strict-reader.ts'
import type { Outcome } from './subject.ts'

/** What is worth a look. `smuggled`: two readers take the same bytes for different requests. `beyond`: a strict reader finds something else in them. */
export interface Finding {
  readonly kind: 'smuggled' | 'unsound' | 'beyond' | 'taken alone' | 'refused alone' | 'lanes differ'
  readonly subject: string
  readonly text: string
}

/** What became of one client's bytes at each. */
export interface Outcomes {
  readonly strict: ReturnType<typeof readStrictly>
  readonly lanes: Readonly<Record<string, Outcome>>
  readonly others: Readonly<Record<string, Outcome>>
}

/** Holds what the gateway's lanes made of some bytes against what others made of them. */
export function findingsIn({ strict, lanes, others }: Outcomes): readonly Finding[] {
  const findings: Finding[] = []
  for (const [subject, lane] of Object.entries(lanes)) {
    if (lane.oddities.length > 0) findings.push({ kind: 'unsound', subject, text: lane.oddities.join('; ') })
    const odd = lane.seen.findIndex((one, i) => !isSame(one, strict.seen[i]))
    if (odd >= 0)
      findings.push({ kind: 'beyond', subject, text: `${JSON.stringify(lane.seen[odd])}: ${strict.oddity}` })
    for (const [name, other] of [...Object.entries(others), ...Object.entries(lanes)]) {
      // What the strict reader does not understand of it ends there.
      if (other.oddities.length > 0) continue
      const text = differenceOf(lane, other)
      if (text !== null) findings.push({ kind: 'smuggled', subject, text: `${name}: ${text}` })
    }
    const count = lane.seen.length
    const rest = Object.values(others)
    if (rest.every(({ seen, end }) => seen.length < count && end === 'refused'))
      findings.push({ kind: 'taken alone', subject, text: told(lane) })
    // A strict reader refuses it too: that is reason enough.
    const doubtful = strict.oddity !== null && count >= strict.seen.length
    if (
      !doubtful &&
      lane.end === 'refused' &&
      rest.every(({ seen, end, oddities }) => seen.length > count && end !== 'refused' && oddities.length === 0)
    )
      findings.push({ kind: 'refused alone', subject, text: `${lane.statuses.at(-1) ?? 'closed'}` })
  }
  const [first, second] = Object.values(lanes)
  if (first !== undefined && second !== undefined && first.seen.length !== second.seen.length)
    findings.push({
      kind: 'lanes differ',
      subject: Object.keys(lanes).join(' and '),
      text: `${told(first)} and ${told(second)}`,
    })
  return findings
}

/**
 * Requests must be the same one by one, as far as both took them. Whoever took fewer must have ended the connection by itself: one that waits for
 * more reads into a body what the other takes for a request.
 */
function differenceOf(one: Outcome, other: Outcome): string | null {
  const both = Math.min(one.seen.length, other.seen.length)
  for (let i = 0; i < both; i += 1) {
    const [a, b] = [one.seen[i], other.seen[i]]
    if (!isSame(a, b)) return `request ${i} is ${JSON.stringify(a)}, not ${JSON.stringify(b)}`
  }
  const [fewer, more] = one.seen.length < other.seen.length ? [one, other] : [other, one]
  if (fewer.seen.length === more.seen.length || fewer.end !== 'waiting') return null
  return `${told(one)}, not ${told(other)}`
}

function isSame(one: Seen | undefined, other: Seen | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return one.method === other.method && pathOf(one.target) === pathOf(other.target) && one.body === other.body
}

/** A target in absolute form is the same request as its path. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '')
  return path.startsWith('/') || target.startsWith('*') ? path : `/${path}`
}

function told({ seen, end, statuses }: Outcome): string {
  return `${end} after ${seen.length} (${statuses.join(' ')})`
}
