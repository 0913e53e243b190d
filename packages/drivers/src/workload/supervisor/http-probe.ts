import * as http from 'node:http'
import * as https from 'node:https'
import { seconds } from './sentences.ts'

/** What a health check found: well, or a sentence's end such as `answered 503`. */
export type ProbeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: boolean; readonly message: string }

/** Asks a base address for a path once, on a connection of its own: 2xx and 3xx are well. Never rejects. */
export async function probeOnce(
  base: string,
  { path, timeout }: { readonly path: string; readonly timeout: number },
  signal: AbortSignal,
): Promise<ProbeResult> {
  const url = `${base.replace(/\/$/, '')}${path}`
  const bad = (message: string, refused = false): ProbeResult => ({ ok: false, refused, message: `${url} ${message}` })
  const late = AbortSignal.timeout(timeout)
  try {
    const status = await statusOf(url, AbortSignal.any([signal, late]))
    return status >= 200 && status < 400 ? { ok: true } : bad(`answered ${status}`)
  } catch (error) {
    if (late.aborted) return bad(`did not answer within ${seconds(timeout)}`)
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED') return bad('refused the connection', true)
    return bad(code === 'ECONNRESET' ? 'cut the connection' : `failed (${code ?? message})`)
  }
}

function statusOf(url: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const { get } = url.startsWith('https:') ? https : http
    const request = get(url, { agent: false, signal, headers: { 'user-agent': 'serin-probe', connection: 'close' } })
    request.once('error', reject)
    request.once('response', (response) => {
      resolve(response.statusCode ?? 0)
      // The status is the answer; a body without end must not keep the connection.
      response.destroy()
    })
  })
}
