import { z } from 'zod'
import { HeaderName } from './routing-rule.ts'
import { Duration } from './units.ts'

const cookieWords = "expected the name of a cookie: letters, digits and any of !#$%&'*+.^_`|~-"

/** The name of a cookie that somebody sets. */
export const CookieName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: cookieWords })

/** Where the unit of assignment is read from; the first source that has a value wins. */
export const UnitSource = z
  .union([
    z.strictObject({ header: HeaderName.meta({ description: 'Request header that holds the id.' }) }),
    z.strictObject({ cookie: z.string().min(1).max(100).meta({ description: 'Cookie that holds the id.' }) }),
    z.strictObject({ query: z.string().min(1).max(100).meta({ description: 'Query parameter that holds the id.' }) }),
    z.strictObject({
      claim: z.string().min(1).max(200).meta({ description: 'Claim of the token that holds the id, such as `sub`.' }),
    }),
    z.strictObject({
      address: z
        .literal(true)
        .meta({ description: 'The client address: who connects, or whom a trusted proxy forwards.' }),
    }),
  ])
  .meta({
    id: 'UnitSource',
    description: 'Where to find who a request belongs to. Without any source each request is a unit of its own.',
  })

/** A cookie for who comes without an id. */
export const Sticky = z
  .strictObject({
    cookie: CookieName.default('serin-unit').meta({ description: 'Its name.' }),
    maxAge: Duration.refine((ms) => ms >= 1_000, { error: 'expected at least 1s' })
      .prefault('365d')
      .meta({ description: 'How long a browser keeps it.' }),
  })
  .meta({
    id: 'Sticky',
    description:
      'Who comes without an id gets a random one in a cookie (HttpOnly, SameSite=Lax, Secure where the client speaks TLS), and keeps its version by it.',
  })

/** Where the country of a request is read from. */
export const CountrySource = z
  .union([
    z.strictObject({
      header: HeaderName.meta({ description: 'Request header with its two letters, set by what stands in front.' }),
    }),
    z.strictObject({
      database: z.string().min(1).meta({
        description: 'A MaxMind database (`.mmdb`) with countries, relative to the file; read anew when it changes.',
      }),
      addressHeader: HeaderName.optional().meta({
        description:
          'Request header with the client address, believed of `gateway.trustProxies` only; the last address in it counts. Without it, who connects is looked up, or whom a trusted proxy forwards in `X-Forwarded-For`.',
      }),
    }),
  ])
  .meta({
    id: 'CountrySource',
    description: 'Where the country of a request is read from: a header, or a database of addresses.',
  })

/** The token (JWT) of a request, and who may have signed it. */
export const TokenSource = z
  .strictObject({
    header: HeaderName.optional().meta({
      description: 'Request header that holds it, with or without `Bearer`. Default: `authorization`.',
    }),
    cookie: CookieName.optional().meta({ description: 'Or: the cookie that holds it.' }),
    jwks: z
      .url({ protocol: /^https?$/, error: 'expected an http or https address' })
      .optional()
      .meta({
        description:
          'Where the public keys are, as a JWK set. Without it the claims of a token are believed unread: anybody can write any, and so choose a version.',
      }),
    issuer: z.string().min(1).max(1_000).optional().meta({ description: 'Only tokens with this `iss`.' }),
    audience: z.string().min(1).max(1_000).optional().meta({ description: 'Only tokens with this in their `aud`.' }),
    unknownKeys: z.enum(['ignore', 'refuse']).default('ignore').meta({
      description:
        'A token whose key is not known (yet): as if there were none, or the request is refused with 503. No request waits for keys.',
    }),
  })
  .refine(({ header, cookie }) => header === undefined || cookie === undefined, {
    error: 'expected at most one of header, cookie',
  })
  .refine(({ jwks, unknownKeys }) => jwks !== undefined || unknownKeys === 'ignore', {
    path: ['unknownKeys'],
    error: 'expected "jwks" beside it: without keys no token is refused',
  })
  .meta({ id: 'TokenSource', description: 'The token (JWT) of a request, whose claims can be units and conditions.' })

/** How a request picks a version by hand. */
export const Override = z
  .union(
    [
      HeaderName,
      z.literal(false),
      z
        .strictObject({
          header: HeaderName.default('serin-version').meta({ description: 'The header that names the version.' }),
          keySha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, { error: 'expected a SHA-256: 64 hexadecimal digits in lower case' })
            .meta({
              description:
                'SHA-256 of a secret: only a request that brings the secret in its `serin-key` header is obeyed. No version sees that header. `printf %s "$SECRET" | sha256sum` prints it.',
            }),
        })
        .meta({ id: 'GuardedOverride', description: 'A header that is obeyed only with a secret.' }),
    ],
    { error: 'expected the name of an HTTP header, false, or keySha256 with it' },
  )
  .default('serin-version')
  .meta({
    description: 'Header by which a request picks a version by name, for tests by hand; `false` switches it off.',
  })

export type UnitSource = z.output<typeof UnitSource>
export type CountrySource = z.output<typeof CountrySource>
export type TokenSource = z.output<typeof TokenSource>
