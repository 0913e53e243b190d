import { STATUS_CODES } from 'node:http'
import type { AnswerHead } from '../../wire/answer-head.ts'
import { kinds } from '../../wire/names.ts'
import type { RequestHead } from '../../wire/request-head.ts'
import type { Hop } from '../../edge/edge.ts'
import { forwardedElement } from '../../edge/forwarded.ts'
import type { AnswerMark } from '../headers.ts'
import { bodyOf } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { tails } from './tails.ts'

/** The longest head that is put together here. */
export const mostHeadBytes = 131_072
/** Where requests are put together before they are copied out. */
const scratch = Buffer.allocUnsafeSlow(mostHeadBytes * 2)
const none = new Uint8Array(256)
const mayCarryBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** A table of kinds of fields. */
export function tableOfKinds(...which: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const kind of which) table[kind] = 1
  return table
}

/** Fields of a request that are left out, or written anew, for each way that one can come by: see `wayOf`. */
const rewritten = Array.from({ length: 8 }, (_, way) =>
  tableOfKinds(
    kinds.connection,
    kinds.hop,
    kinds.keepAlive,
    kinds.requestId,
    kinds.transferEncoding,
    kinds.forwardedFor,
    kinds.forwardedProto,
    kinds.forwardedHost,
    ...((way & 1) === 0 ? [kinds.claim, kinds.forwarded] : []),
    ...((way & 2) === 0 ? [] : [kinds.forwarded]),
    ...((way & 4) === 0 ? [] : [kinds.traceparent, kinds.tracestate]),
  ),
)

/** Whether it is believed what a client is said to be, whether that is told in `Forwarded`, whether a trace begins. */
function wayOf({ trusted, edge, trace }: Hop): number {
  return (trusted ? 1 : 0) | (edge.settings.forwarded ? 2 : 0) | (trace.parent === null ? 0 : 4)
}

/** A request as an upstream at the root of its address gets it, with what has to be known to change that. */
export interface Outgoing {
  readonly method: string
  readonly head: Buffer
  /** Where its target begins, and where the line with its id does. */
  readonly targetAt: number
  readonly idAt: number
  readonly requestId: string
}

/** The request as an upstream gets it. */
export function outgoingOf(head: RequestHead, hop: Hop, requestId: string): Outgoing {
  const { fields, method } = head
  const isRewritten = rewritten[wayOf(hop)] ?? none
  const said: Said = {
    before: undefined,
    proto: undefined,
    host: undefined,
    forwardedHost: undefined,
    forwarded: undefined,
  }
  let sized = false
  // What stays as it is is copied together: in most requests that is all of it, with the request line.
  let at = 0
  let from = 0
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (kind === kinds.other) continue
    if (kind === kinds.host) said.host = fields.value(i)
    else if (kind === kinds.contentLength) sized = true
    if (isRewritten[kind] === 0) continue
    at += fields.bytes.copy(scratch, at, from, fields.startOf(i))
    from = fields.startOf(i + 1)
    if (!hop.trusted) continue
    if (kind === kinds.forwardedFor) said.before = joined(said.before, fields.value(i))
    else if (kind === kinds.forwardedProto) said.proto = joined(said.proto, fields.value(i))
    else if (kind === kinds.forwardedHost) said.forwardedHost = joined(said.forwardedHost, fields.value(i))
    else if (kind === kinds.forwarded) said.forwarded = joined(said.forwarded, fields.value(i))
  }
  at += fields.bytes.copy(scratch, at, from, fields.linesEnd)
  const more =
    forwardedLines(said, hop) +
    (head.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '') +
    (!sized && head.framing === 'none' && mayCarryBody.has(method) ? 'Content-Length: 0\r\n' : '')
  at += scratch.write(more, at, 'latin1')
  const idAt = at
  at += scratch.write(idLine(requestId), at, 'latin1')
  return { method, head: copyOf(scratch, at), targetAt: head.targetStart, idAt, requestId }
}

/** What the head says of where it comes from; of all but the host, what is believed. */
interface Said {
  before: string | undefined
  proto: string | undefined
  host: string | undefined
  forwardedHost: string | undefined
  forwarded: string | undefined
}

function forwardedLines(said: Said, { peer, encrypted, edge, trace }: Hop): string {
  const { before, proto = encrypted ? 'https' : 'http', host = '', forwardedHost = host } = said
  const usual =
    `X-Forwarded-For: ${before === undefined ? '' : `${before}, `}${peer}\r\nX-Forwarded-Proto: ${proto}\r\n` +
    `X-Forwarded-Host: ${forwardedHost}\r\n`
  const begun = trace.parent === null ? '' : `traceparent: ${trace.parent}\r\n`
  if (!edge.settings.forwarded) return usual + begun
  const element = forwardedElement({ address: peer, host, encrypted })
  return `${usual}Forwarded: ${joined(said.forwarded, element)}\r\n${begun}`
}

/** The bytes of a request for an address with this base path, under this id. */
export function requestBytes(outgoing: Outgoing, basePath: string, requestId: string): Buffer {
  const { head, targetAt, idAt } = outgoing
  if (basePath === '' && requestId === outgoing.requestId) return head
  return Buffer.concat([
    head.subarray(0, targetAt),
    Buffer.from(basePath, 'latin1'),
    head.subarray(targetAt, idAt),
    Buffer.from(idLine(requestId), 'latin1'),
  ])
}

function idLine(requestId: string): string {
  return `X-Request-Id: ${requestId}\r\n\r\n`
}

/** The links of an early hint, or null when the answer so far is none. */
export function earlyHints({ status, fields }: AnswerHead): Buffer | null {
  if (status !== 103) return null
  const start = scratch.write('HTTP/1.1 103 Early Hints\r\n', 0, 'latin1')
  let at = start
  for (let i = 0; i < fields.count; i += 1)
    if (fields.isNamed(i, 'link')) at += fields.bytes.copy(scratch, at, fields.startOf(i), fields.startOf(i + 1))
  if (at === start) return null
  at += scratch.write('\r\n', at, 'latin1')
  return copyOf(scratch, at)
}

/** An answer of the gateway's own. */
export function problemBytes(
  problem: GatewayProblem,
  { mark, head, closes }: { readonly mark: AnswerMark; readonly head: boolean; readonly closes: boolean },
): Buffer {
  const body = bodyOf(problem)
  return Buffer.from(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `${marksOf(mark, false)}${tails.date}` +
      `Connection: ${closes ? 'close' : 'keep-alive'}\r\n\r\n${head ? '' : body}`,
  )
}

function copyOf(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length)
  bytes.copy(copy, 0, 0, length)
  return copy
}

/** The lines that say who answered. */
export function marksOf({ told, requestId, mark, shielded, setCookie }: AnswerMark, identified: boolean): string {
  const stoodIn = shielded === undefined || !told.shields ? '' : `serin-shielded: ${shielded}\r\n`
  const cookie = setCookie === undefined ? '' : `set-cookie: ${setCookie}\r\n`
  const id = identified || !told.id ? '' : `x-request-id: ${requestId}\r\n`
  return `${told.lines}serin-request: ${mark}\r\n${stoodIn}${cookie}${id}`
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}
