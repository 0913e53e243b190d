import { clientClaims } from '@serin/spec'
import type { Told } from '../edge/edge.ts'
import type { Hop } from '../edge/hop.ts'
import { forwardedElement } from '../edge/forwarded.ts'
import type { Mark } from './mark.ts'
import type { AnswerIn, RequestIn } from './message.ts'

/** Headers that belong to one connection and are never passed on (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  // The secret of an override: for this gateway, and for nobody behind it.
  'serin-key',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Request headers the gateway writes itself. */
const rewritten = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id'])

/** What else may be said of a client and its way; it is passed on of those that are believed. */
const claims: ReadonlySet<string> = new Set(clientClaims)

/** Answer headers only the gateway writes. */
const ours = new Set(['serin-version', 'serin-request', 'serin-shielded'])

const framing = new Set(['content-length', 'transfer-encoding', 'host'])

const none: ReadonlySet<string> = new Set()

/** What the gateway adds to a request. */
export interface Forwarding {
  readonly hop: Hop
  readonly requestId: string
  /** Protocol of an upgrade, such as `websocket`, or null. */
  readonly upgrade: string | null
}

/** Headers of the request to the upstream, as a flat list of names and values. */
export function requestHeaders(request: RequestIn, { hop, requestId, upgrade }: Forwarding): string[] {
  const { headers, rawHeaders } = request
  const list: string[] = []
  const chunked = headers['transfer-encoding'] !== undefined
  const isFree = (name: string): boolean => !rewritten.has(name) && mayStay(name, chunked) && passesOn(name, hop)
  copy(rawHeaders, nominatedBy(headers.connection), isFree, list)
  // Only HTTP/1.0 may come without a host, and is passed on as HTTP/1.1.
  if (headers.host === undefined) list.push('Host', '')
  if (chunked) list.push('Transfer-Encoding', 'chunked')
  // Without this, Node would frame the missing body of a POST as an empty chunked one.
  else if (headers['content-length'] === undefined && mayCarryBody(request.method)) list.push('Content-Length', '0')
  if (headers['te'] !== undefined && /(^|[\s,])trailers($|[\s,;])/i.test(String(headers['te'])))
    list.push('TE', 'trailers')
  pushForwarded(list, headers, hop)
  list.push('X-Request-Id', requestId)
  if (hop.trace.parent !== null) list.push('traceparent', hop.trace.parent)
  if (upgrade !== null) list.push('Connection', 'Upgrade', 'Upgrade', upgrade)
  return list
}

function passesOn(name: string, { trusted, trace, edge }: Hop): boolean {
  if (name === 'forwarded') return trusted && !edge.settings.forwarded
  if (name === 'traceparent' || name === 'tracestate') return trace.parent === null
  return trusted || !claims.has(name)
}

/** Where the request came from: what those say that are believed, and who connected. */
function pushForwarded(list: string[], headers: RequestIn['headers'], { peer, trusted, encrypted, edge }: Hop): void {
  const said = (name: string): string | undefined => (trusted ? first(headers[name]) : undefined)
  const before = said('x-forwarded-for')
  list.push('X-Forwarded-For', before === undefined ? peer : `${before}, ${peer}`)
  list.push('X-Forwarded-Proto', said('x-forwarded-proto') ?? (encrypted ? 'https' : 'http'))
  const host = said('x-forwarded-host') ?? headers.host
  if (host !== undefined) list.push('X-Forwarded-Host', host)
  if (!edge.settings.forwarded) return
  const element = forwardedElement({ address: peer, host: headers.host, encrypted })
  const elements = said('forwarded')
  list.push('Forwarded', elements === undefined ? element : `${elements}, ${element}`)
}

/** What the gateway says of a request in its answer. */
export interface AnswerMark {
  readonly version: string
  readonly told: Told
  /** The id that the request came with, if that was a good one. */
  readonly givenId: string | null
  /** How the request was assigned, for observations about it. */
  readonly mark: Mark
  /** The version that could not answer, when stable answers in its place. */
  readonly shielded?: string
  /** The trace it is in, if it is in one. */
  readonly traceId?: string | undefined
  /** A cookie that makes its client a unit. */
  readonly setCookie?: string
}

/** What a request is called on its way: as it was called before, or by its mark. */
export function requestIdOf({ givenId, mark }: Pick<AnswerMark, 'givenId' | 'mark'>): string {
  return givenId ?? mark.text
}

/** Whether an answer never has to end. */
export function isEventStream({ headers }: Pick<AnswerIn, 'headers'>): boolean {
  return String(headers['content-type']).startsWith('text/event-stream')
}

/** Headers of the answer to the client, as a flat list of names and values. */
export function answerHeaders(answer: AnswerIn, added: AnswerMark): string[] {
  const list: string[] = []
  const { told } = added
  const chunked = answer.headers['transfer-encoding'] !== undefined
  const isFree = (name: string): boolean => !ours.has(name) && name !== told.reserved && mayStay(name, chunked)
  copy(answer.rawHeaders, nominatedBy(answer.headers.connection), isFree, list)
  list.push(...markHeaders(added, answer.headers['x-request-id'] !== undefined))
  return list
}

/** What an answer says of who gave it. `identified`: it has an id of its own. */
export function markHeaders(
  { told, mark, givenId, shielded, setCookie }: Omit<AnswerMark, 'version'>,
  identified: boolean,
): string[] {
  return [
    ...told.list,
    'serin-request',
    mark.text,
    ...(shielded === undefined || !told.shields ? [] : ['serin-shielded', shielded]),
    ...(setCookie === undefined ? [] : ['set-cookie', setCookie]),
    ...(identified || !told.id ? [] : ['x-request-id', requestIdOf({ givenId, mark })]),
  ]
}

/** Trailers as Node takes them; what frames a message, or says whom it is for, has no place there. */
export function trailersOf(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!framing.has(name.toLowerCase())) list.push([name, raw[i + 1] ?? ''])
  }
  return list
}

function copy(
  raw: readonly string[],
  nominated: ReadonlySet<string>,
  keep: (name: string) => boolean,
  into: string[],
): void {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const lower = name.toLowerCase()
    if (!hopByHop.has(lower) && !nominated.has(lower) && keep(lower)) into.push(name, raw[i + 1] ?? '')
  }
}

/** Behind a body of known length, or none, nothing follows: Node refuses to write a head that promises it. */
function mayStay(name: string, chunked: boolean): boolean {
  return name !== 'trailer' || chunked
}

function nominatedBy(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return none
  const lower = connection.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close') return none
  return new Set(lower.split(',').map((name) => name.trim()))
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0]
}

function mayCarryBody(method: string | undefined): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}
