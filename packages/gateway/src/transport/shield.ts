import type { Snapshot } from '../decide/snapshot.ts'
import { hasBody } from './framing.ts'
import { isEventStream } from './headers.ts'
import type { AnswerIn, RequestIn, RequestOut } from './message.ts'

/** Methods that may be sent again. */
export const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Answers that say a version could not answer. */
const unable: ReadonlySet<number> = new Set([502, 503, 504])

/** What is read of an answer that nobody will see. */
export const discardedBytes = 1_048_576

/** How long the rest of what is not wanted may still come, so that its connection ends in peace. */
export const lingerMs = 1_000

/** Whether an answer with this status says that its version could not answer. */
export function saysUnable(status: number): boolean {
  return unable.has(status)
}

/**
 * Whether stable answers a request that its version could not: when it may be sent twice, nothing of it is gone, and nobody asked for the
 * version by name. Whoever did wants to see the failure.
 */
export function isShielded(
  { table, endpoints }: Snapshot,
  request: Pick<RequestIn, 'method' | 'headers'>,
  { version, by }: { readonly version: string; readonly by: string },
): boolean {
  if (table.shield === false || version === table.stable || by === 'override') return false
  if (!idempotent.has(request.method ?? '') || hasBody(request)) return false
  return (endpoints.get(table.stable) ?? []).length > 0
}

/** Reads an answer that nobody will see, so that its connection can be used again and its end is known; of a long one only the beginning. */
export function discard(upstream: RequestOut, answer: AnswerIn, ended: () => void): void {
  let bytes = 0
  const stop = (): void => {
    ended()
    upstream.destroy()
  }
  answer.on('error', () => {})
  answer.on('end', ended)
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > discardedBytes) stop()
  })
  if (isEventStream(answer)) stop()
}
