import type { ExpectedAnswer } from '@serin/spec'
import type { HttpAnswer } from './http-call.ts'

const longestQuote = 80

/** What of an answer is not as expected, as the end of a sentence such as `answered 503 instead of 2xx`; null when all is. `hide` keeps secrets out. */
export function mismatchOf(
  answer: HttpAnswer,
  expected: ExpectedAnswer,
  hide: (text: string) => string = (text) => text,
): string | null {
  const { status, whole, body } = answer
  const good = expected.status?.includes(status) ?? (status >= 200 && status < 300)
  if (!good) {
    const wanted = expected.status?.join(' or ') ?? '2xx'
    const redirect = status >= 300 && status < 400 ? ' (redirects are not followed)' : ''
    return `answered ${status} instead of ${wanted}${redirect}`
  }
  const { contains, json } = expected
  if (contains === undefined && json === undefined) return null
  if (!whole) return `answered ${status} with more than 1 MiB, of which nothing is compared`
  const quote = (text: string): string => `“${clip(hide(text))}”`
  if (contains !== undefined && !body.includes(contains))
    return `answered ${quote(body)}, in which ${quote(contains)} is missing`
  return json === undefined ? null : jsonMismatch(body, json, quote)
}

function jsonMismatch(
  body: string,
  json: NonNullable<ExpectedAnswer['json']>,
  quote: (text: string) => string,
): string | null {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return `answered ${quote(body)}, which is not JSON`
  }
  for (const [pointer, wanted] of Object.entries(json)) {
    const found = at(value, pointer)
    if (found === wanted) continue
    const came = found === undefined ? 'nothing' : quote(JSON.stringify(found))
    return `answered with ${came} at ${pointer} instead of ${quote(JSON.stringify(wanted))}`
  }
  return null
}

/** The value a JSON pointer (RFC 6901) leads to; undefined when it leads nowhere. */
function at(value: unknown, pointer: string): unknown {
  let here = value
  for (const part of pointer.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined
    here = (here as Readonly<Record<string, unknown>>)[name]
  }
  return here
}

function clip(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > longestQuote ? `${line.slice(0, longestQuote)}…` : line
}
