import type { RoutingRule } from '@serin/spec'
import { CountrySource, Segment, TokenSource } from '@serin/spec'

const longestAgeS = 400 * 86_400

/** What is wrong with how a table tells requests apart, in one sentence; its rules are known to be sound. */
export function whoProblem(
  { sticky, token, country, segments = {}, overrideKeySha256 }: Readonly<Record<string, unknown>>,
  rules: readonly RoutingRule[],
): string | null {
  if (sticky !== undefined && !isSticky(sticky)) return '"sticky" must hold a cookie and its maxAgeS.'
  if (token !== undefined && !TokenSource.safeParse(token).success) return '"token" must say where a token is.'
  if (country !== undefined && !CountrySource.safeParse(country).success)
    return '"country" must say where a country is read from.'
  if (overrideKeySha256 !== undefined && !isSha256(overrideKeySha256)) return '"overrideKeySha256" must be a SHA-256.'
  if (typeof segments !== 'object' || segments === null) return '"segments" must be an object.'
  const known = Object.entries(segments)
  if (!known.every(([, segment]) => Segment.safeParse(segment).success)) return '"segments" must hold conditions.'
  const missing = rules.find(({ segment }) => segment !== undefined && !known.some(([name]) => name === segment))
  return missing === undefined ? null : `The rule "${missing.name}" names a segment that is not there.`
}

function isSha256(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function isSticky(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('cookie' in value) || !('maxAgeS' in value)) return false
  const { cookie, maxAgeS } = value
  const isName = typeof cookie === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(cookie)
  return isName && Number.isSafeInteger(maxAgeS) && Number(maxAgeS) > 0 && Number(maxAgeS) <= longestAgeS
}
