import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerIn } from './message.ts'

/** HTTP's word for each status of gRPC, 0 to 16: what is 5xx here is the version's fault (docs/decisions/0031-http2-grpc.md). */
const httpStatusOf = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401] as const
const unknownStatus = 500
/** Of a deadline, after which a client that leaves has waited for it; ours begins later by the way of the request. */
const nearlyOver = 0.9

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
}

/** Whether it is a call of gRPC; gRPC-Web is HTTP like any other. */
export function isGrpc({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  return /^application\/grpc(\+|;|$)/i.test(headers['content-type'] ?? '')
}

/** When a call is over for its client, in ms from its beginning, or null. */
export function deadlineMsOf(headers: IncomingHttpHeaders): number | null {
  const match = /^(\d{1,8})([HMSmun])$/.exec(String(headers['grpc-timeout'] ?? ''))
  return match === null ? null : Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0)
}

/** Whether a client that leaves now has waited for its deadline. */
export function waitedForDeadline(deadlineMs: number | null, elapsedMs: number): boolean {
  return deadlineMs !== null && elapsedMs >= deadlineMs * nearlyOver
}

/** The HTTP status by which a whole answer to a call is counted. An answer without `grpc-status` is none, whatever it says. */
export function statusOfCall({ statusCode = 502, headers, rawTrailers }: AnswerIn): number {
  const code = trailer(rawTrailers, 'grpc-status') ?? headers['grpc-status']
  if (code === undefined) return statusCode >= 400 ? statusCode : unknownStatus
  return httpStatusOf[/^\d{1,2}$/.test(String(code)) ? Number(code) : 2] ?? unknownStatus
}

/** The status of gRPC for a problem of the gateway's own. */
export function grpcStatusOf(status: number): number {
  const known: Readonly<Record<number, number>> = { 400: 13, 405: 12, 408: 4, 431: 8, 502: 14, 503: 14, 504: 4 }
  return known[status] ?? 2
}

/** A text as `grpc-message` has it: percent-encoded but for what is printable. */
export function messageText(text: string): string {
  return text.replaceAll(/[^\x20-\x24\x26-\x7e]/g, (character) => encodeURIComponent(character))
}

function trailer(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) return raw[i + 1]
  return undefined
}
