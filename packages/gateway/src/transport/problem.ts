import { STATUS_CODES } from 'node:http'
import type { Writable } from 'node:stream'
import { grpcStatusOf, isGrpc, messageText } from './grpc.ts'
import type { Told } from '../edge/edge.ts'
import { markHeaders } from './headers.ts'
import type { AnswerMark } from './headers.ts'
import type { AnswerOut } from './message.ts'

/** A small problem document (RFC 9457) of the gateway's own. */
export interface GatewayProblem {
  readonly status: number
  readonly detail: string
}

/** Nobody can say yet whose a request is. */
export const keysUnknown: GatewayProblem = {
  status: 503,
  detail: 'The keys that verify the token of the request are not known yet.',
}
/** The version has the request and says nothing. */
export const notInTime: GatewayProblem = { status: 504, detail: 'The version did not answer in time.' }
/** The version has gone with the request. */
export const noAnswer: GatewayProblem = {
  status: 502,
  detail: 'The version closed the connection without an answer.',
}

/** No address of the version is left, after so many were tried. */
export function noEndpoint(tried: number): GatewayProblem {
  return tried === 0
    ? { status: 503, detail: 'The version has no ready endpoint.' }
    : { status: 502, detail: `None of ${tried} endpoints took the connection.` }
}

/** The document itself. */
export function bodyOf({ status, detail }: GatewayProblem): string {
  return JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail })
}

/** Answers with a problem; `close` when the connection cannot be trusted or is to end. A call of gRPC gets a status of gRPC. */
export function sendProblem(
  response: AnswerOut,
  problem: GatewayProblem,
  { close, added }: { readonly close: boolean; readonly added?: Omit<AnswerMark, 'version'> },
): void {
  const marks = [...(added === undefined ? [] : markHeaders(added, false)), ...(close ? ['connection', 'close'] : [])]
  if (isGrpc(response.req)) {
    const status = ['grpc-status', String(grpcStatusOf(problem.status)), 'grpc-message', messageText(problem.detail)]
    response.writeHead(200, 'OK', ['content-type', 'application/grpc', ...status, ...marks])
    response.end()
    return
  }
  const body = bodyOf(problem)
  const kind = ['content-type', 'application/problem+json', 'content-length', String(Buffer.byteLength(body))]
  response.writeHead(problem.status, STATUS_CODES[problem.status] ?? 'Error', [...kind, ...marks])
  response.end(body)
}

/** Answers with a problem on a bare connection and ends it. */
export function endWithProblem(socket: Writable, problem: GatewayProblem, told?: Told): void {
  const body = bodyOf(problem)
  const lines = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n${told?.lines.toString('latin1') ?? ''}\r\n${body}`)
}
