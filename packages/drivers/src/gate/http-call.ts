import * as http from 'node:http'
import * as https from 'node:https'
import { seconds } from '../workload/supervisor/sentences.ts'

const largestBodyBytes = 1_048_576
/** What belongs to one connection, or would make the answer unreadable here. */
const own = /^(connection|keep-alive|content-length|transfer-encoding|upgrade|te|trailer|expect|accept-encoding)$/i

/** A request to somebody else's server. */
export interface HttpCall {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly timeoutMs: number
}

/** An answer; `whole` is false when its body is larger than what is read of one. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly whole: boolean
}

/**
 * Sends a request once, on a connection of its own, and reads at most 1 MiB of the answer. Redirects are not followed. A `problem` is the end of a
 * sentence such as `refused the connection`. Rejects only when the signal aborts.
 */
export async function callOnce(
  call: HttpCall,
  signal: AbortSignal,
): Promise<HttpAnswer | { readonly problem: string }> {
  signal.throwIfAborted()
  const late = AbortSignal.timeout(call.timeoutMs)
  try {
    return await send(call, AbortSignal.any([signal, late]))
  } catch (error) {
    signal.throwIfAborted()
    if (late.aborted) return { problem: `did not answer within ${seconds(call.timeoutMs)}` }
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED') return { problem: 'refused the connection' }
    return { problem: code === 'ECONNRESET' ? 'cut the connection' : `could not be asked (${code ?? message})` }
  }
}

async function send({ url, method, headers, body }: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  const kept = Object.entries(headers).filter(([name]) => !own.test(name))
  const given = { 'user-agent': 'serin-gate', ...Object.fromEntries(kept), connection: 'close' }
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const { request } = url.startsWith('https:') ? https : http
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...given, ...length }, agent: false, signal })
    outgoing.once('error', reject)
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const over = (whole: boolean): void => {
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8'), whole })
        answer.destroy()
      }
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > largestBodyBytes) over(false)
        else chunks.push(chunk)
      })
      answer.once('end', () => over(true))
      answer.once('error', reject)
    })
    outgoing.end(body)
  })
}

/** An address for people: without what may be secret of it, the user and the query. */
export function shortAddress(url: string): string {
  if (!URL.canParse(url)) return 'The address'
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
