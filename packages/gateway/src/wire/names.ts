import { clientClaims } from '@serin/spec'

/** What a header is to a gateway. */
export const kinds = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  /** Belongs to one connection and is never passed on. */
  hop: 5,
  te: 6,
  upgrade: 7,
  expect: 8,
  forwardedFor: 9,
  forwardedProto: 10,
  forwardedHost: 11,
  requestId: 12,
  /** Written by the gateway only. */
  ours: 13,
  date: 14,
  contentType: 15,
  cookie: 16,
  keepAlive: 17,
  forwarded: 18,
  /** Says something else of a client or its way, in which not everybody is believed. */
  claim: 19,
  traceparent: 20,
  tracestate: 21,
} as const

const names: Readonly<Record<string, number>> = {
  host: kinds.host,
  'content-length': kinds.contentLength,
  'transfer-encoding': kinds.transferEncoding,
  connection: kinds.connection,
  'http2-settings': kinds.hop,
  'keep-alive': kinds.keepAlive,
  'proxy-authenticate': kinds.hop,
  'proxy-authorization': kinds.hop,
  'proxy-connection': kinds.hop,
  'serin-key': kinds.hop,
  te: kinds.te,
  upgrade: kinds.upgrade,
  expect: kinds.expect,
  'x-forwarded-for': kinds.forwardedFor,
  'x-forwarded-proto': kinds.forwardedProto,
  'x-forwarded-host': kinds.forwardedHost,
  forwarded: kinds.forwarded,
  ...Object.fromEntries(clientClaims.map((name) => [name, kinds.claim])),
  traceparent: kinds.traceparent,
  tracestate: kinds.tracestate,
  'x-request-id': kinds.requestId,
  'serin-version': kinds.ours,
  'serin-request': kinds.ours,
  'serin-shielded': kinds.ours,
  date: kinds.date,
  'content-type': kinds.contentType,
  cookie: kinds.cookie,
}

interface Known {
  readonly name: string
  readonly first: number
  readonly kind: number
}

/** Known names by their length: most headers are told apart by it. */
const byLength: (readonly Known[])[] = []
for (const [name, kind] of Object.entries(names)) {
  byLength[name.length] = [...(byLength[name.length] ?? []), { name, first: name.charCodeAt(0), kind }]
}

/** The kind of the header whose name stands in these bytes. */
export function kindOf(bytes: Uint8Array, start: number, end: number): number {
  const candidates = byLength[end - start]
  if (candidates === undefined) return kinds.other
  const first = (bytes[start] ?? 0) | 0x20
  for (const known of candidates) if (known.first === first && isName(bytes, start, end, known.name)) return known.kind
  return kinds.other
}

/** Whether these bytes, a token, are this lower-case name. */
export function isName(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i += 1) {
    const byte = bytes[start + i] ?? 0
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
    if (lower !== name.charCodeAt(i)) return false
  }
  return true
}
