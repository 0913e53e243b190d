/** How many users send requests; each has its own cookie. */
export const users = 512

/** The versions that the upstreams answer as. */
export const versions = { canary: 'v2', stable: 'v1' } as const

/** The share of canary, in basis points. */
export const canaryBp = 1_000

/** The salt of every hash: whoever uses Serin's (nginx, Serin) must agree on each user. */
export const salt = 'bench/'

/** The name of the cookie that says who the user is. */
export const unitCookie = 'uid'

/** The id of a user. */
export const unitOf = (user: number): string => `user-${String(user).padStart(6, '0')}`

/** What an upstream answers with: thirteen bytes that name the version. */
export const bodyOf = (version: string): string => `${version} says hello`

/** The length of that. */
export const smallBytes = bodyOf(versions.stable).length

/** Requests for answers of another length have paths that begin so; it is written behind. No other path begins with this letter. */
export const sizedPath = '/bytes/'

/** What each user sends, as a browser would: 347 bytes. */
export const requests: readonly Buffer[] = requestsFor('/products/list?page=2')

const known = new Map([[smallBytes, requests]])

/** The same for answers of so many bytes. */
export function requestsOf(bytes: number): readonly Buffer[] {
  const found = known.get(bytes) ?? requestsFor(`${sizedPath}${bytes}`)
  known.set(bytes, found)
  return found
}

/** A body of so many bytes: it begins with the name of the version, and repeats itself after 3,878 bytes, which no buffer is long. */
export function sizedBody(version: string, bytes: number): Buffer {
  const pattern = Array.from({ length: 997 }, (_, i) => ` ${i}`).join('')
  const body = Buffer.alloc(bytes, pattern)
  body.write(version)
  return body
}

function requestsFor(path: string): readonly Buffer[] {
  return Array.from({ length: users }, (_, user) => requestOf(user, path))
}

function requestOf(user: number, path: string): Buffer {
  return Buffer.from(
    [
      `GET ${path} HTTP/1.1`,
      'Host: shop.example',
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
      'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
      'Accept-Language: en-GB,en;q=0.7',
      'Accept-Encoding: gzip, deflate, br',
      `Cookie: theme=dark; ${unitCookie}=${unitOf(user)}; consent=1`,
      '\r\n',
    ].join('\r\n'),
  )
}
