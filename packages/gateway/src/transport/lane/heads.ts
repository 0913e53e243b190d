import { STATUS_CODES } from 'node:http'
import type { AnswerHead } from '../../wire/answer-head.ts'
import { kinds } from '../../wire/names.ts'
import type { RequestHead } from '../../wire/request-head.ts'
import type { AnswerMark } from '../headers.ts'
import { bodyOf } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'

/** Where heads are put together before they are copied out; longer than any head that is taken. */
const scratch = Buffer.allocUnsafeSlow(262_144)
const mayCarryBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

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
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (kind === kinds.connection || kind === kinds.hop || kind === kinds.requestId) continue
    if (kind === kinds.forwardedFor) before = before === undefined ? fields.value(i) : `${before}, ${fields.value(i)}`
    else if (kind === kinds.forwardedProto) proto = joined(proto, fields.value(i))
    else if (kind === kinds.forwardedHost) forwardedHost = joined(forwardedHost, fields.value(i))
    else {
      if (kind === kinds.host) host = fields.value(i)
      if (kind === kinds.contentLength) sized = true
      at = fields.copy(i, scratch, at)
    }
  }
  const more =
    `X-Forwarded-For: ${before === undefined ? '' : `${before}, `}${address}\r\nX-Forwarded-Proto: ${proto ?? 'http'}\r\n` +
    `X-Forwarded-Host: ${forwardedHost ?? host ?? ''}\r\n` +
    (!sized && mayCarryBody.has(method) ? 'Content-Length: 0\r\n' : '')
  at += scratch.write(more, at, 'latin1')
  return { method, target, lines: Buffer.from(scratch.subarray(0, at)) }
}

/** The bytes of a request for an address with this base path. */
export function requestBytes({ method, target, lines, requestId }: Outgoing, basePath: string): Buffer {
  let at = scratch.write(`${method} ${basePath}${target} HTTP/1.1\r\n`, 0, 'latin1')
  at += lines.copy(scratch, at)
  at += scratch.write(`X-Request-Id: ${requestId}\r\n\r\n`, at, 'latin1')
  return Buffer.from(scratch.subarray(0, at))
}

/** The head of the answer as the client gets it. */
export function answerBytes(head: AnswerHead, mark: AnswerMark, closes: boolean): Buffer {
  const { fields, nominated } = head
  let at = scratch.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n`, 0, 'latin1')
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    const own = kind === kinds.connection || kind === kinds.hop || kind === kinds.te || kind === kinds.upgrade
    if (own || kind === kinds.ours || kind === kinds.transferEncoding) continue
    if (nominated.size > 0 && nominated.has(fields.name(i).toLowerCase())) continue
    at = fields.copy(i, scratch, at)
  }
  const more =
    marksOf(mark) +
    (head.identified ? '' : `x-request-id: ${mark.requestId}\r\n`) +
    (head.dated ? '' : `Date: ${new Date().toUTCString()}\r\n`) +
    (head.framing === 'chunked' || head.framing === 'close' ? 'Transfer-Encoding: chunked\r\n' : '') +
    (closes ? 'Connection: close\r\n\r\n' : 'Connection: keep-alive\r\n\r\n')
  at += scratch.write(more, at, 'latin1')
  return Buffer.from(scratch.subarray(0, at))
}

/** The links of an early hint, or null when the answer so far is none. */
export function earlyHints({ status, fields }: AnswerHead): Buffer | null {
  if (status !== 103) return null
  let at = scratch.write('HTTP/1.1 103 Early Hints\r\n', 0, 'latin1')
  const start = at
  for (let i = 0; i < fields.count; i += 1) if (fields.isNamed(i, 'link')) at = fields.copy(i, scratch, at)
  if (at === start) return null
  at += scratch.write('\r\n', at, 'latin1')
  return Buffer.from(scratch.subarray(0, at))
}

/** An answer of the gateway's own. */
export function problemBytes(
  problem: GatewayProblem,
  { mark, head, closes }: { readonly mark: AnswerMark; readonly head: boolean; readonly closes: boolean },
): Buffer {
  const body = bodyOf(problem)
  return Buffer.from(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `${marksOf(mark)}x-request-id: ${mark.requestId}\r\nDate: ${new Date().toUTCString()}\r\n` +
      `Connection: ${closes ? 'close' : 'keep-alive'}\r\n\r\n${head ? '' : body}`,
  )
}

function marksOf({ version, mark, shielded, setCookie }: AnswerMark): string {
  const stoodIn = shielded === undefined ? '' : `serin-shielded: ${shielded}\r\n`
  const cookie = setCookie === undefined ? '' : `set-cookie: ${setCookie}\r\n`
  return `serin-version: ${version}\r\nserin-request: ${mark}\r\n${stoodIn}${cookie}`
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}
