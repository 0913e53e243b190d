import { STATUS_CODES } from 'node:http'
import type { AnswerHead } from '../../wire/answer-head.ts'
import type { Fields } from '../../wire/fields.ts'
import { kinds } from '../../wire/names.ts'
import type { RequestHead } from '../../wire/request-head.ts'
import type { AnswerMark } from '../headers.ts'
import { bodyOf } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'

/** The longest head that is put together here. */
export const mostHeadBytes = 131_072
/** Where heads are put together before they are copied out. */
const scratch = Buffer.allocUnsafeSlow(mostHeadBytes * 2)
/** Where an answer is put together: its head, and the beginning of its body. */
export const answerScratch = Buffer.allocUnsafeSlow(262_144)
const mayCarryBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Fields of a request that are left out, or written anew. */
const rewritten: ReadonlySet<number> = new Set([
  kinds.connection,
  kinds.hop,
  kinds.keepAlive,
  kinds.requestId,
  kinds.transferEncoding,
  kinds.forwardedFor,
  kinds.forwardedProto,
  kinds.forwardedHost,
])

/** Fields of an answer that are left out, or written anew. */
const unsent: ReadonlySet<number> = new Set([
  kinds.connection,
  kinds.hop,
  kinds.keepAlive,
  kinds.te,
  kinds.upgrade,
  kinds.ours,
  kinds.transferEncoding,
])

/** What is kept of a request head: enough to send it, more than once if need be. */
export interface Outgoing {
  readonly method: string
  readonly target: string
  /** The lines behind the request line that are the same for every version. */
  readonly lines: Buffer
  readonly requestId: string
}

/** The request as an upstream gets it. */
export function outgoingOf(head: RequestHead, address: string): Omit<Outgoing, 'requestId'> {
  const { fields, method, target } = head
  let at = 0
  let [before, proto, host, forwardedHost]: (string | undefined)[] = []
  let sized = false
  // Lines that stay as they are are copied together.
  let run = 0
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (kind === kinds.host) host = fields.value(i)
    else if (kind === kinds.contentLength) sized = true
    if (!rewritten.has(kind)) continue
    at = copyLines(fields, { from: run, to: i }, at)
    run = i + 1
    if (kind === kinds.forwardedFor) before = before === undefined ? fields.value(i) : `${before}, ${fields.value(i)}`
    else if (kind === kinds.forwardedProto) proto = joined(proto, fields.value(i))
    else if (kind === kinds.forwardedHost) forwardedHost = joined(forwardedHost, fields.value(i))
  }
  at = copyLines(fields, { from: run, to: fields.count }, at)
  const more =
    `X-Forwarded-For: ${before === undefined ? '' : `${before}, `}${address}\r\nX-Forwarded-Proto: ${proto ?? 'http'}\r\n` +
    `X-Forwarded-Host: ${forwardedHost ?? host ?? ''}\r\n` +
    (head.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '') +
    (!sized && head.framing === 'none' && mayCarryBody.has(method) ? 'Content-Length: 0\r\n' : '')
  at += scratch.write(more, at, 'latin1')
  return { method, target, lines: copyOf(scratch, at) }
}

function copyLines(fields: Fields, { from, to }: { readonly from: number; readonly to: number }, at: number): number {
  if (from >= to) return at
  return at + fields.bytes.copy(scratch, at, fields.startOf(from), fields.startOf(to))
}

/** The bytes of a request for an address with this base path. */
export function requestBytes({ method, target, lines, requestId }: Outgoing, basePath: string): Buffer {
  let at = scratch.write(`${method} ${basePath}${target} HTTP/1.1\r\n`, 0, 'latin1')
  at += lines.copy(scratch, at)
  at += scratch.write(`X-Request-Id: ${requestId}\r\n\r\n`, at, 'latin1')
  return copyOf(scratch, at)
}

/** Puts the head of the answer as the client gets it into `answerScratch`; its length. `keptMs`: how long the connection then lives, if it does. */
export function writeAnswer(head: AnswerHead, mark: AnswerMark, keptMs: number | null): number {
  const { fields, nominated } = head
  let at = answerScratch.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n`, 0, 'latin1')
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (unsent.has(kind)) continue
    if (nominated.size > 0 && nominated.has(fields.name(i).toLowerCase())) continue
    at = fields.copy(i, answerScratch, at)
  }
  const more =
    marksOf(mark) +
    (head.identified ? '' : `x-request-id: ${mark.requestId}\r\n`) +
    (head.dated ? '' : dateLine()) +
    (head.framing === 'chunked' || head.framing === 'close' ? 'Transfer-Encoding: chunked\r\n' : '') +
    (keptMs === null
      ? 'Connection: close\r\n\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keptMs / 1_000)}\r\n\r\n`)
  return at + answerScratch.write(more, at, 'latin1')
}

/** The links of an early hint, or null when the answer so far is none. */
export function earlyHints({ status, fields }: AnswerHead): Buffer | null {
  if (status !== 103) return null
  let at = scratch.write('HTTP/1.1 103 Early Hints\r\n', 0, 'latin1')
  const start = at
  for (let i = 0; i < fields.count; i += 1) if (fields.isNamed(i, 'link')) at = fields.copy(i, scratch, at)
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
      `${marksOf(mark)}x-request-id: ${mark.requestId}\r\n${dateLine()}` +
      `Connection: ${closes ? 'close' : 'keep-alive'}\r\n\r\n${head ? '' : body}`,
  )
}

/** The first bytes of a buffer that is used again. */
export function copyOf(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length)
  bytes.copy(copy, 0, 0, length)
  return copy
}

function marksOf({ version, mark, shielded, setCookie }: AnswerMark): string {
  const stoodIn = shielded === undefined ? '' : `serin-shielded: ${shielded}\r\n`
  const cookie = setCookie === undefined ? '' : `set-cookie: ${setCookie}\r\n`
  return `serin-version: ${version}\r\nserin-request: ${mark}\r\n${stoodIn}${cookie}`
}

let [datedSecond, dated] = [0, '']

function dateLine(): string {
  const nowMs = Date.now()
  const second = Math.floor(nowMs / 1_000)
  if (second !== datedSecond) {
    datedSecond = second
    dated = `Date: ${new Date(nowMs).toUTCString()}\r\n`
  }
  return dated
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}
