/** What a decision may look at; each part is read only when a rule or a unit source asks for it. */
export interface RequestView {
  /** Value of a header by its lower-case name, or undefined. */
  header(name: string): string | undefined
  cookie(name: string): string | undefined
  query(name: string): string | undefined
  /** Path as it was sent: without the query, not decoded. */
  path(): string
  /** Whether the path begins with a text that is not empty; `wholly`: whether it is that text. Where a path is bytes no text is made of it. */
  pathBegins(text: string, wholly: boolean): boolean
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
export function viewOf(parts: RequestParts): RequestView {
  return new TextView(parts)
}

class TextView implements RequestView {
  readonly #headers: RequestParts['headers']
  readonly #target: string
  readonly #address: string
  #path: string | null = null

  constructor({ headers, target, address }: RequestParts) {
    this.#headers = headers
    this.#target = target
    this.#address = address
  }

  header(name: string): string | undefined {
    const value = this.#sent(name)
    return value === undefined || isAscii(value) ? value : fromBytes(value)
  }

  cookie(name: string): string | undefined {
    const header = this.#cookies()
    if (header === undefined) return undefined
    const value = cookieValue(header, name)
    // Where name and value are ASCII it makes no difference whether the rest is read as bytes or as text.
    if (isAscii(name) && (value === undefined || isAscii(value))) return value
    return cookieValue(fromBytes(header), name)
  }

  query(name: string): string | undefined {
    return queryValue(this.#target, name)
  }

  path(): string {
    this.#path ??= pathOf(this.#target)
    return this.#path
  }

  pathBegins(text: string, wholly: boolean): boolean {
    const path = this.path()
    if (wholly) return path === text
    // Paths begin alike: the end of a prefix tells more of them apart than its beginning.
    const last = text.length - 1
    return path.charCodeAt(last) === text.charCodeAt(last) && path.startsWith(text)
  }

  address(): string {
    return this.#address
  }

  /** One character per byte. */
  #sent(name: string): string | undefined {
    const headers = this.#headers
    return joined(typeof headers === 'function' ? headers(name) : headers[name])
  }

  /** By its name in the code, which is found faster than one that comes as a value. */
  #cookies(): string | undefined {
    const headers = this.#headers
    return joined(typeof headers === 'function' ? headers('cookie') : headers['cookie'])
  }
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value
}

function isAscii(text: string): boolean {
  let bits = 0
  for (let i = 0; i < text.length; i += 1) bits |= text.charCodeAt(i)
  return bits < 128
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

const space = 32
const percent = 37
const ampersand = 38
const plus = 43
const semicolon = 59
const equals = 61

/** The value of the first cookie of this name in a header, as it stands there. It is searched for, not read up to: a browser may send kilobytes of others before it. */
export function cookieValue(header: string, name: string): string | undefined {
  let from = 0
  while (from <= header.length) {
    const at = header.indexOf(name, from)
    if (at < 0) return undefined
    from = at + 1
    if (header.charCodeAt(at + name.length) !== equals || !beginsCookie(header, at)) continue
    const end = header.indexOf(';', at)
    return trimmed(header.slice(at + name.length + 1, end < 0 ? header.length : Math.max(end, at + name.length + 1)))
  }
  return undefined
}

/** Whether nothing but spaces stands between this place and the end of the cookie before. */
function beginsCookie(header: string, at: number): boolean {
  if (header.charCodeAt(at) === space) return false
  let before = at - 1
  while (before >= 0 && header.charCodeAt(before) === space) before -= 1
  return before < 0 || header.charCodeAt(before) === semicolon
}

function trimmed(text: string): string {
  const [first, last] = [text.charCodeAt(0), text.charCodeAt(text.length - 1)]
  return first > space && first < 128 && last > space && last < 128 ? text : text.trim()
}

function queryValue(target: string, name: string): string | undefined {
  const { length } = target
  const start = target.indexOf('?')
  if (start < 0) return undefined
  for (let at = start + 1, end = at; ; at = end + 1, end = at) {
    let split = -1
    for (; end < length; end += 1) {
      const code = target.charCodeAt(end)
      if (code === ampersand) break
      if (code === equals && split < 0) split = end
    }
    if (mayBegin(target.charCodeAt(at), name) && decoded(target.slice(at, split < 0 ? end : split)) === name)
      return split < 0 ? '' : decoded(target.slice(split + 1, end))
    if (end >= length) return undefined
  }
}

/** Whether what begins with this character may stand for the name. */
function mayBegin(code: number, name: string): boolean {
  return name === '' || code === percent || code === plus || code === name.charCodeAt(0)
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced // Not UTF-8 after all: what was sent is still an id.
  }
}

/** Text of a header whose bytes are UTF-8; anything else stays as it came. */
function fromBytes(value: string): string {
  if (isAscii(value) || /[\u0100-\uffff]/.test(value)) return value
  try {
    return decodeURIComponent(
      value.replaceAll(/[%\u0080-\u00ff]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
    )
  } catch {
    return value
  }
}
