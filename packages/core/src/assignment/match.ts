import type { RoutingRule } from '@serin/spec'

type Match = NonNullable<RoutingRule['path']>

/** Makes a comparison ready: a closure over what it compares with. */
export function compileMatch(match: Match): (value: string | undefined) => boolean {
  const { equals, prefix, contains, present } = match
  if (present !== undefined) return (value) => (value !== undefined) === present
  if (equals !== undefined) return (value) => value === equals
  if (prefix !== undefined) return (value) => value?.startsWith(prefix) ?? false
  if (contains !== undefined) return (value) => value?.includes(contains) ?? false
  const values = new Set(match.in)
  return (value) => value !== undefined && values.has(value)
}
