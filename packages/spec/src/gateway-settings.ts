import { z } from 'zod'
import { HeaderName } from './routing-rule.ts'

const file = z.string().min(1).max(4_096)

const CertificatePair = z
  .strictObject({
    certificate: file.meta({
      description: 'PEM file with the certificate and those that vouch for it, relative to the file.',
    }),
    key: file.meta({ description: 'PEM file with its key, without a passphrase.' }),
  })
  .meta({ id: 'CertificatePair', description: 'A certificate and its key.' })

/** Request headers that mean something else, or that the gateway writes for another reason. */
const takenOfRequests =
  /^(accept.*|authorization|connection|content-.*|cookie|expect|forwarded|host|http2-settings|keep-alive|proxy-.*|serin-.*|te|trace.*|trailer|transfer-encoding|upgrade|x-forwarded-.*|x-real-ip|x-request-id)$/i

const SubjectHeader = HeaderName.refine((name) => !takenOfRequests.test(name), {
  error: 'expected a name that means nothing else in a request',
})

const ClientCertificates = z
  .strictObject({
    ca: file.meta({
      description:
        'PEM file with the authorities that vouch for clients, relative to the file. It is read anew when it changes.',
    }),
    required: z.boolean().default(true).meta({
      description:
        'Whether every client has to show a certificate. With `false` one who shows none is served too; one that no authority vouches for is refused either way.',
    }),
    header: SubjectHeader.optional().meta({
      description:
        'Request header that holds the subject of the certificate (RFC 4514), such as `CN=till-7,O=Shop`, for versions, `unit` and `rules`. What a client itself sends under this name is dropped.',
      examples: ['x-client-subject'],
    }),
  })
  .meta({
    id: 'ClientCertificates',
    description: 'Who may connect, by the certificate that a client shows (mutual TLS).',
  })

const proxyWords =
  'expected an address, a network such as 10.0.0.0/8, or one of loopback, linklocal, uniquelocal (the private networks)'

const TrustedProxy = z.union(
  [z.enum(['loopback', 'linklocal', 'uniquelocal']), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  { error: proxyWords },
)

/** What the names of networks stand for. */
const networks: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Headers that say of a client and its way what addresses, protocol and host do not: they are passed on of those only that are believed. */
export const clientClaims = [
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-real-ip',
] as const

/** Trusted proxies as addresses and networks, in the place of the names some of them have. */
export function networksOf(trustProxies: readonly string[]): readonly string[] {
  return trustProxies.flatMap((one) => networks[one] ?? [one])
}

/** Names that mean something else, or that the gateway writes for another reason. */
const taken: ReadonlySet<string> = new Set(
  'age connection content-encoding content-length content-type date keep-alive location proxy-authenticate serin-request serin-shielded server-timing set-cookie te trailer transfer-encoding upgrade x-request-id'.split(
    ' ',
  ),
)

const VersionHeader = HeaderName.refine((name) => !taken.has(name.toLowerCase()), {
  error: 'expected a name that means nothing else in an answer',
})

const edgeFields = {
  trustProxies: z
    .array(TrustedProxy)
    .max(200)
    .default([])
    .meta({
      description:
        'Who is believed in what they say of a client: its address (`X-Forwarded-For`), protocol and host. Addresses, networks, `loopback`, `linklocal`, `uniquelocal`. What anybody else says of that is dropped. nginx, HAProxy and Envoy keep to it as the gateway does.',
      examples: [['loopback', '10.0.0.0/8']],
    }),
  forwarded: z
    .boolean()
    .default(false)
    .meta({ description: 'Versions also get `Forwarded` (RFC 7239), beside `X-Forwarded-*`.' }),
  trace: z.boolean().default(false).meta({
    description:
      'A request without a W3C `traceparent` begins a new trace. One that has it keeps it either way; one that no specification allows is replaced.',
  }),
  answerRequestId: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether answers carry the `x-request-id` that the version got.' }),
  versionHeader: z
    .union([VersionHeader, z.literal(false)], { error: 'expected the name of an HTTP header, or false' })
    .default('serin-version')
    .meta({
      description:
        'Header of an answer that names the version; `false` switches it off, and `serin-shielded` with it. `serin-request` stays, as observations need it.',
    }),
  pipelining: z.int().min(1).max(16).default(1).meta({
    description:
      'How many `GET` and `HEAD` requests that arrive together may be sent to an address of a version together, on one connection: less work for each, but one waits for the answers to those before it. 1 sends each by itself, and so does a gateway that shares the traffic out between two versions. For versions that speak HTTP/1.1 strictly and answer quickly.',
  }),
  serverTiming: z.boolean().default(false).meta({
    description:
      'Answers name the version in `Server-Timing` too, which the tools of browsers show: `serin;desc="v2"`.',
  }),
}

/** Whom a gateway believes, and what it tells. */
export const EdgeSettings = z.strictObject(edgeFields)

/** What Serin's own gateway does at its edge, besides sharing out the traffic. */
export const GatewaySettings = z
  .strictObject({
    tls: z
      .union([CertificatePair, z.array(CertificatePair).min(1).max(100)], {
        error: 'expected a certificate with its key, or a list of them',
      })
      .optional()
      .meta({
        description:
          'TLS at `listen` and `preview`, from 1.2 on, with HTTP/2 for who offers it. Of several certificates the one whose name a client asks for is shown, else the first. The files are read anew when they change.',
      }),
    clientCertificates: ClientCertificates.optional().meta({
      description: 'Asks clients for a certificate in the handshake; needs `tls`.',
    }),
    ...edgeFields,
  })
  .refine(({ tls, clientCertificates }) => tls !== undefined || clientCertificates === undefined, {
    path: ['clientCertificates'],
    error: 'clients show certificates over TLS only: add "tls"',
  })
  .meta({
    id: 'GatewaySettings',
    description: 'What Serin’s own gateway does at its edge, besides sharing out the traffic.',
  })

export type EdgeSettings = z.output<typeof EdgeSettings>
export type GatewaySettings = z.output<typeof GatewaySettings>

/** The certificates of a gateway, in order; none without TLS. */
export function certificatesOf({
  tls,
}: Pick<GatewaySettings, 'tls'>): readonly { readonly certificate: string; readonly key: string }[] {
  return tls === undefined ? [] : 'key' in tls ? [tls] : tls
}
