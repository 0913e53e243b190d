import type { RoutingRule } from '@serin/spec'

/** How a value is compared. */
export type Match = NonNullable<RoutingRule['path']>

const any = 0
const whole = 1
const start = 2
const part = 3
const list = 4

/**
 * Makes a comparison ready. One function for all kinds of them: whoever asks many different ones in turn then always calls the same code,
 * which the engine joins with its own.
 */
export function compileMatch(match: Match): (value: string | undefined) => boolean {
  const { kind, text } = kindOf(match)
  const values = new Set(match.in)
  const absent = match.present === false
  return (value) => {
    if (value === undefined) return absent
    if (kind === whole) return value === text
    if (kind === start) return value.startsWith(text)
    if (kind === part) return value.includes(text)
    return kind === list ? values.has(value) : !absent
  }
}

function kindOf({ equals, prefix, contains, present }: Match): { readonly kind: number; readonly text: string } {
  if (present !== undefined || prefix === '') return { kind: any, text: '' }
  if (equals !== undefined) return { kind: whole, text: equals }
  if (prefix !== undefined) return { kind: start, text: prefix }
  return contains === undefined ? { kind: list, text: '' } : { kind: part, text: contains }
}
