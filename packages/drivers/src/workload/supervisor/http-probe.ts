import * as http from 'node:http'
import * as https from 'node:https'
import type { Probe } from '@serin/spec'
import { healthByGrpc, statusByHttp2 } from './http2-probe.ts'
import { seconds } from './sentences.ts'

/** What is spoken at an address. */
export type Spoken = 'http1' | 'h2c'

/** What a health check found: well, or a sentence's end such as `answered 503`. */
export type ProbeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: boolean; readonly message: string }

/** Asks a base address once, on a connection of its own: 2xx and 3xx are well, and SERVING where gRPC is asked. Never rejects. */
export async function probeOnce(
  base: string,
  { path, timeout, grpc, spoken = 'http1' }: Pick<Probe, 'path' | 'timeout' | 'grpc'> & { readonly spoken?: Spoken },
  signal: AbortSignal,
): Promise<ProbeResult> {
  const url = `${base.replace(/\/$/, '')}${grpc === true ? '/grpc.health.v1.Health/Check' : path}`
  const bad = (message: string, refused = false): ProbeResult => ({ ok: false, refused, message: `${url} ${message}` })
  const late = AbortSignal.timeout(timeout)
  try {
    const either = AbortSignal.any([signal, late])
    if (grpc === true) {
      const health = await healthByGrpc(url, either)
      return health === 'SERVING' ? { ok: true } : bad(`answered ${health}`)
    }
    const status = await (spoken === 'h2c' ? statusByHttp2 : statusOf)(url, either)
    return status >= 200 && status < 400 ? { ok: true } : bad(`answered ${status}`)
  } catch (error) {
    if (late.aborted) return bad(`did not answer within ${seconds(timeout)}`)
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED') return bad('refused the connection', true)
    // What a server of HTTP/2 sends first is no answer of HTTP/1.1, and the other way round.
    if (code === 'HPE_INVALID_CONSTANT')
      return bad('did not answer in HTTP/1.1; if it speaks HTTP/2, say "upstream: h2c"')
    if (code === 'ERR_HTTP2_ERROR') return bad('did not answer in HTTP/2; is "upstream: h2c" right?')
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
