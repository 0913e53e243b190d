import { STATUS_CODES } from 'node:http'
import type { Hop } from '../../edge/hop.ts'
import { forwardedElement } from '../../edge/forwarded.ts'
import type { AnswerHead } from '../../wire/answer-head.ts'
import { kinds } from '../../wire/names.ts'
import { lineEnd, Page } from '../../wire/page.ts'
import type { RequestHead } from '../../wire/request-head.ts'
import type { AnswerMark } from '../headers.ts'
import { bodyOf } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { tails } from './tails.ts'

/** The longest head that is put together here. */
export const mostHeadBytes = 131_072
/** Where requests are put together, one at a time. */
const scratch = new Page(mostHeadBytes * 2)
const none = new Uint8Array(256)
const mayCarryBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const headEnd = Buffer.from('\r\n\r\n')
const chunkedLine = Buffer.from('Transfer-Encoding: chunked\r\n')
const emptyLine = Buffer.from('Content-Length: 0\r\n')
const idLabel = Buffer.from('X-Request-Id: ')
const markLabel = Buffer.from('serin-request: ')
const answerIdLabel = Buffer.from('x-request-id: ')

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

/** A request as an upstream at the root of its address gets it, up to its id. Until it is kept, or put down, it is there while nothing else is read. */
export class Outgoing {
  readonly method: string
  readonly length: number
  /** Where its target begins. */
  readonly #targetAt: number
  #bytes: Buffer
  /** Where it stands there. */
  #from = 0
  #isOwn = false

  constructor(
    method: string,
    bytes: Buffer,
    { length, targetAt }: { readonly length: number; readonly targetAt: number },
  ) {
    this.method = method
    this.#bytes = bytes
    this.length = length
    this.#targetAt = targetAt
  }

  /** From here on nothing else changes it. */
  keep(): this {
    if (this.#isOwn) return this
    this.#isOwn = true
    this.#bytes = Buffer.from(this.#bytes.subarray(this.#from, this.#from + this.length))
    this.#from = 0
    return this
  }

  /** How much room it needs on a page, with this base path and under this id. */
  roomFor(basePath: string, { givenId, mark }: AnswerMark): number {
    return this.length + basePath.length + idLabel.length + headEnd.length + (givenId?.length ?? mark.room)
  }

  /** Puts it down for an address with this base path, under this id; from then on it is there while the page is left alone. */
  put(page: Page, basePath: string, mark: AnswerMark): void {
    if (basePath !== '') this.keep()
    const start = page.length
    const from = this.#from
    const end = from + this.length
    if (basePath === '') page.copy(this.#bytes, from, end)
    else {
      page.copy(this.#bytes, from, from + this.#targetAt)
      page.text(basePath)
      page.copy(this.#bytes, from + this.#targetAt, end)
    }
    page.add(idLabel)
    putId(page, mark)
    page.add(headEnd)
    if (this.#isOwn) return
    this.#bytes = page.bytes
    this.#from = start
  }
}

function putId(page: Page, { givenId, mark }: Pick<AnswerMark, 'givenId' | 'mark'>): void {
  if (givenId === null) mark.put(page)
  else page.text(givenId)
}

/** The request as an upstream gets it. */
export function outgoingOf(head: RequestHead, hop: Hop): Outgoing {
  const { fields, method } = head
  const isRewritten = rewritten[wayOf(hop)] ?? none
  const page = scratch
  page.length = 0
  let host = -1
  let sized = false
  // What stays as it is is copied together: in most requests that is all of it, with the request line.
  let from = 0
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (kind === kinds.other) continue
    if (kind === kinds.host) host = i
    else if (kind === kinds.contentLength) sized = true
    if (isRewritten[kind] === 0) continue
    page.copy(fields.bytes, from, fields.startOf(i))
    from = fields.startOf(i + 1)
  }
  page.copy(fields.bytes, from, fields.linesEnd)
  if (hop.trusted || hop.edge.settings.forwarded) page.text(toldLines(head, hop))
  else {
    page.add(hop.lines)
    if (host >= 0) page.copy(fields.bytes, fields.valueStart(host), fields.valueEnd(host))
    page.add(lineEnd)
  }
  if (hop.trace.parent !== null) page.text(`traceparent: ${hop.trace.parent}\r\n`)
  if (head.framing === 'chunked') page.add(chunkedLine)
  else if (method !== 'GET' && !sized && head.framing === 'none' && mayCarryBody.has(method)) page.add(emptyLine)
  return new Outgoing(method, page.bytes, { length: page.length, targetAt: head.targetStart })
}

/** What a version is told of where a request comes from, when something is believed of what it says itself, or told in `Forwarded`. */
function toldLines({ fields }: RequestHead, { trusted, peer, encrypted, edge }: Hop): string {
  const said = new Map<number, string>()
  for (let i = 0; i < fields.count; i += 1) {
    const kind = fields.kind(i)
    if (kind !== kinds.host && !(trusted && believed.has(kind))) continue
    const before = said.get(kind)
    said.set(kind, before === undefined ? fields.value(i) : `${before}, ${fields.value(i)}`)
  }
  const host = said.get(kinds.host) ?? ''
  const before = said.get(kinds.forwardedFor)
  const usual =
    `X-Forwarded-For: ${before === undefined ? '' : `${before}, `}${peer}\r\n` +
    `X-Forwarded-Proto: ${said.get(kinds.forwardedProto) ?? (encrypted ? 'https' : 'http')}\r\n` +
    `X-Forwarded-Host: ${said.get(kinds.forwardedHost) ?? host}\r\n`
  if (!edge.settings.forwarded) return usual
  const elements = said.get(kinds.forwarded)
  const element = forwardedElement({ address: peer, host, encrypted })
  return `${usual}Forwarded: ${elements === undefined ? '' : `${elements}, `}${element}\r\n`
}

const believed: ReadonlySet<number> = new Set([
  kinds.forwardedFor,
  kinds.forwardedProto,
  kinds.forwardedHost,
  kinds.forwarded,
])

/** The links of an early hint, or null when the answer so far is none. */
export function earlyHints({ status, fields }: AnswerHead): Buffer | null {
  if (status !== 103) return null
  const lines: Buffer[] = []
  for (let i = 0; i < fields.count; i += 1)
    if (fields.isNamed(i, 'link')) lines.push(fields.bytes.subarray(fields.startOf(i), fields.startOf(i + 1)))
  return lines.length === 0 ? null : Buffer.concat([Buffer.from('HTTP/1.1 103 Early Hints\r\n'), ...lines, lineEnd])
}

/** An answer of the gateway's own. */
export function problemBytes(
  problem: GatewayProblem,
  { mark, head, closes }: { readonly mark: AnswerMark; readonly head: boolean; readonly closes: boolean },
): Buffer {
  const body = bodyOf(problem)
  const marks = new Page(marksRoom(mark))
  putMarks(marks, mark, false)
  return Buffer.concat([
    Buffer.from(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}\r\n` +
        `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`,
    ),
    marks.written,
    Buffer.from(`${tails.date}Connection: ${closes ? 'close' : 'keep-alive'}\r\n\r\n${head ? '' : body}`),
  ])
}

/** Bytes of the names in what `putMarks` puts down, and of a short name of a version. */
const mostLabels = 256

/** How much room the lines take that say who answered, at most. */
export function marksRoom({ told, mark, givenId, setCookie }: AnswerMark): number {
  return mostLabels + told.lines.length + mark.room + (givenId?.length ?? mark.room) + (setCookie?.length ?? 0)
}

/** Puts down the lines that say who answered. `identified`: the answer has an id of its own. */
export function putMarks(page: Page, answered: AnswerMark, identified: boolean): void {
  const { told, mark, shielded, setCookie } = answered
  page.add(told.lines)
  page.add(markLabel)
  mark.put(page)
  page.add(lineEnd)
  if (shielded !== undefined && told.shields) page.text(`serin-shielded: ${shielded}\r\n`)
  if (setCookie !== undefined) page.text(`set-cookie: ${setCookie}\r\n`)
  if (identified || !told.id) return
  page.add(answerIdLabel)
  putId(page, answered)
  page.add(lineEnd)
}
