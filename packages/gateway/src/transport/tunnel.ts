import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { requestTo } from './endpoints.ts'
import type { Endpoint } from './endpoints.ts'
import type { ExchangeContext, Outcome } from './exchange.ts'
import { endsWithClose } from './goodbye.ts'
import { answerHeaders, requestHeaders, requestIdOf } from './headers.ts'
import { endWithProblem } from './problem.ts'

/** What a tunnel needs to know of its surroundings. */
export interface TunnelContext extends Pick<
  ExchangeContext,
  'request' | 'version' | 'told' | 'hop' | 'givenId' | 'mark' | 'limits' | 'acquire' | 'release'
> {
  readonly socket: Duplex
  /** Bytes of the client that came with the head. */
  readonly head: Buffer
  /** Called once when the upgrade is through or has failed; the version is then charged. */
  readonly decided: (outcome: Outcome) => void
  /** Called once when both sides are closed; `cutOff` when the version ended it without a goodbye after it had left the table. */
  readonly closed: (cutOff: boolean) => void
}

/** Passes an upgrade (WebSocket) on and then bytes both ways, with back-pressure, until a side closes. */
export function openTunnel(context: TunnelContext): void {
  let decided = false
  const decide = (outcome: Outcome): void => {
    if (!decided) context.decided(outcome)
    decided = true
  }
  context.socket.on('error', () => context.socket.destroy())
  attempt({ ...context, closed: once((cutOff) => context.closed(cutOff)) }, new Set(), decide)
}

function attempt(context: TunnelContext, tried: Set<string>, decide: (outcome: Outcome) => void): void {
  const { request, socket, told, hop, limits } = context
  const requestId = requestIdOf(context)
  const endpoint = context.acquire(tried)
  if (endpoint === null) {
    decide({ kind: 'failed', cutOff: false })
    endWithProblem(
      socket,
      { status: tried.size === 0 ? 503 : 502, detail: 'No endpoint of the version took the connection.' },
      told,
    )
    context.closed(false)
    return
  }
  tried.add(endpoint.url)
  const release = once(() => context.release(endpoint))
  const headers = requestHeaders(request, { hop, requestId, upgrade: request.headers.upgrade ?? 'websocket' })
  const upstream = requestTo(endpoint, { method: 'GET', target: request.url ?? '/', headers, fresh: true })
  const timer = setTimeout(() => upstream.destroy(), limits.answerMs)
  let connected = false
  const left = (): void => {
    decide({ kind: 'abandoned' })
    upstream.destroy()
  }
  socket.once('close', left)
  upstream.on('socket', (to) => to.once('connect', () => (connected = true)))
  upstream.on('upgrade', (answer, to: Socket, first: Buffer) => {
    clearTimeout(timer)
    socket.off('close', left)
    decide({ kind: 'answered', status: 101, whole: false })
    join(context, { answer, to, first, endpoint, release })
  })
  upstream.on('response', (answer) => {
    clearTimeout(timer)
    refused(context, { answer, release, decide, left })
  })
  upstream.on('error', () => {
    clearTimeout(timer)
    socket.off('close', left)
    release()
    if (!connected && !socket.destroyed) {
      attempt(context, tried, decide)
      return
    }
    decide({ kind: 'failed', cutOff: connected && endpoint.retired })
    if (!socket.destroyed)
      endWithProblem(socket, { status: 502, detail: 'The version closed the connection without an answer.' }, told)
    context.closed(false)
  })
  upstream.end()
}

interface Joint {
  readonly answer: IncomingMessage
  readonly to: Socket
  readonly first: Buffer
  readonly endpoint: Endpoint
  readonly release: () => void
}

function join(context: TunnelContext, { answer, to, first, endpoint, release }: Joint): void {
  const { socket, head } = context
  const upgrade = answer.headers.upgrade ?? 'websocket'
  const headers = ['Connection', 'Upgrade', 'Upgrade', upgrade, ...answerHeaders(answer, context)]
  socket.write(headText(101, answer.statusMessage ?? 'Switching Protocols', headers), 'latin1')
  if (first.length > 0) socket.write(first)
  if (head.length > 0) to.write(head)
  to.setTimeout(0)
  to.setNoDelay(true)
  to.on('error', () => to.destroy())
  let endedBy: 'client' | 'version' | null = null
  let [clientSaid, versionSaid]: [Buffer, Buffer] = [head, first]
  const over = once(() => {
    socket.destroy()
    to.destroy()
    const goodbye = upgrade.toLowerCase() === 'websocket' && (endsWithClose(clientSaid) || endsWithClose(versionSaid))
    const cutOff = endedBy === 'version' && endpoint.retired && !goodbye
    release()
    context.closed(cutOff)
  })
  for (const event of ['end', 'close'] as const) {
    socket.on(event, () => (endedBy ??= 'client'))
    to.on(event, () => (endedBy ??= 'version'))
  }
  socket.on('data', (chunk: Buffer) => (clientSaid = chunk))
  to.on('data', (chunk: Buffer) => (versionSaid = chunk))
  socket.on('close', over)
  to.on('close', over)
  socket.pipe(to)
  to.pipe(socket)
}

interface Refused {
  readonly answer: IncomingMessage
  readonly release: () => void
  readonly decide: (outcome: Outcome) => void
  readonly left: () => void
}

/** The upstream answered without upgrading: pass that answer on and close. */
function refused(context: TunnelContext, { answer, release, decide, left }: Refused): void {
  const { socket } = context
  const status = answer.statusCode ?? 502
  const headers = [...answerHeaders(answer, context), 'Connection', 'close']
  socket.write(headText(status, answer.statusMessage ?? '', headers), 'latin1')
  const over = once((whole: boolean) => {
    socket.off('close', left)
    decide(whole ? { kind: 'answered', status, whole: false } : { kind: 'failed', cutOff: false })
    release()
    if (whole) socket.end()
    else socket.destroy()
    context.closed(false)
  })
  answer.on('end', () => over(true))
  answer.on('close', () => over(answer.complete))
  answer.on('error', () => over(false))
  answer.pipe(socket, { end: false })
}

function headText(status: number, message: string, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${message}`]
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i] ?? ''}: ${headers[i + 1] ?? ''}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function once<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
  let done = false
  return (...args) => {
    if (done) return
    done = true
    act(...args)
  }
}
