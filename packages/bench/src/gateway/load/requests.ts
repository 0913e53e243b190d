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

/** What an upstream answers with: fourteen bytes that name the version. */
export const bodyOf = (version: string): string => `${version} says hello`

/** What each user sends, as a browser would: 347 bytes. */
export const requests: readonly Buffer[] = Array.from({ length: users }, (_, user) =>
  Buffer.from(
    [
      'GET /products/list?page=2 HTTP/1.1',
      'Host: shop.example',
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
      'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
      'Accept-Language: en-GB,en;q=0.7',
      'Accept-Encoding: gzip, deflate, br',
      `Cookie: theme=dark; ${unitCookie}=${unitOf(user)}; consent=1`,
      '\r\n',
    ].join('\r\n'),
  ),
)
