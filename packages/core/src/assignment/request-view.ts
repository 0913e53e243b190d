/** What a decision may look at; each part is read only when a rule or a unit source asks for it. */
export interface RequestView {
  /** Value of a header by its lower-case name, or undefined. */
  header(name: string): string | undefined
  cookie(name: string): string | undefined
  query(name: string): string | undefined
  /** Path as it was sent: without the query, not decoded. */
  path(): string
  /** Address of the client. */
  address(): string
  /** Where the client is, as two capital letters, by a lookup of whoever carries the request. Absent: nobody looks. */
  country?(): string | undefined
  /** A claim of the token, if it is to be believed. Absent: nobody reads tokens. */
  claim?(name: string): string | undefined
  /** Whether the request brings the secret with this SHA-256. Absent: it does not. */
  hasKey?(sha256: string): boolean
}

/** A request as it came in. */
export interface RequestParts {
  /** Headers by lower-case name, as HTTP libraries give them: one character per byte. UTF-8 in them is read as such. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> | ReadHeader
  /** Path and query as they were sent, such as `/search?q=1`. */
  readonly target: string
  readonly address: string
}

/** Reads one header by its lower-case name, several of one name joined: for who has no list of all. */
type ReadHeader = (name: string) => string | undefined

/** The view of a request: several headers of one name are joined by `, `, query values are percent-decoded, cookies stay as sent. */
export function viewOf({ headers, target, address }: RequestParts): RequestView {
  const header = (name: string): string | undefined => {
    const value = typeof headers === 'function' ? headers(name) : headers[name]
    return value === undefined ? undefined : fromBytes(typeof value === 'string' ? value : value.join(', '))
  }
  return {
    header,
    cookie: (name) => cookieValue(header('cookie') ?? '', name),
    query: (name) => queryValue(target, name),
    path: () => pathOf(target),
    address: () => address,
  }
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

function cookieValue(header: string, name: string): string | undefined {
  let at = 0
  while (at < header.length) {
    let end = header.indexOf(';', at)
    if (end < 0) end = header.length
    while (header.charCodeAt(at) === 32) at += 1
    if (header.startsWith(name, at) && header.charCodeAt(at + name.length) === 61) {
      return header.slice(at + name.length + 1, end).trim()
    }
    at = end + 1
  }
  return undefined
}

function queryValue(target: string, name: string): string | undefined {
  const start = target.indexOf('?')
  if (start < 0) return undefined
  for (const pair of target.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=')
    if (decoded(equals < 0 ? pair : pair.slice(0, equals)) === name)
      return equals < 0 ? '' : decoded(pair.slice(equals + 1))
  }
  return undefined
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced // Not UTF-8 after all: what was sent is still an id.
  }
}

const beyondAscii = /[\u0080-\u00ff]/

/** Text of a header whose bytes are UTF-8; anything else stays as it came. */
function fromBytes(value: string): string {
  if (!beyondAscii.test(value)) return value
  if (/[\u0100-\uffff]/.test(value)) return value
  try {
    return decodeURIComponent(
      value.replaceAll(/[%\u0080-\u00ff]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
    )
  } catch {
    return value
  }
}
