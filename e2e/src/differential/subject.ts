import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Oddity, StrictReader } from './strict-reader.ts'
import type { Seen } from './strict-reader.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'
/** How long one may take to end a connection that its client has ended. */
const mostMs = 3_000

/** An upstream on bare TCP that reads strictly, answers everything, and remembers it. */
export interface Recording {
  readonly url: string
  readonly server: Server
  readonly seen: Seen[]
  /** What came that is not beyond doubt. */
  readonly oddities: string[]
}

/** Starts an upstream that remembers. */
export async function openRecording(): Promise<Recording> {
  const seen: Seen[] = []
  const oddities: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const reader = new StrictReader()
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.setEncoding('latin1').on('data', (text: string) => {
      try {
        const { whole, asks } = reader.take(text)
        for (const request of whole) {
          seen.push(request)
          socket.write(request.method === 'HEAD' ? answer : `${answer}ok`)
        }
        if (asks) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      } catch (error) {
        if (!(error instanceof Oddity)) throw error
        oddities.push(error.message)
        socket.destroy()
      }
    })
  })
  server.on('close', () => {
    for (const socket of sockets) socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, server, seen, oddities }
}

/** A proxy before a recording upstream of its own. */
export interface Subject {
  readonly address: string
  readonly upstream: Recording
}

/** What became of the bytes of one client. */
export interface Outcome {
  /** Requests that came out whole, in order. */
  readonly seen: readonly Seen[]
  readonly oddities: readonly string[]
  readonly statuses: readonly number[]
  /** `refused`: it ended the connection with an error. `waiting`: it wanted more of a request. `closed`: it ended it for another reason. */
  readonly end: 'refused' | 'waiting' | 'closed'
}

/** Sends bytes over one connection and sees what comes out. Who has said nothing for `idleMs` is told that nothing more will come. */
export async function play({ address, upstream }: Subject, bytes: string, idleMs: number): Promise<Outcome> {
  upstream.seen.length = 0
  upstream.oddities.length = 0
  const { hostname, port } = new URL(address)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  let text = ''
  let waiting = false
  const idle = setTimeout(() => {
    waiting = true
    socket.end()
    late.refresh()
  }, idleMs)
  const late = setTimeout(() => socket.destroy(), mostMs)
  socket.on('error', () => {}).setEncoding('latin1')
  socket.on('data', (more: string) => {
    text += more
    if (!waiting) idle.refresh()
  })
  socket.on('end', () => socket.end())
  socket.write(bytes, 'latin1')
  await new Promise<void>((resolve) => socket.on('close', () => resolve()))
  clearTimeout(idle)
  clearTimeout(late)
  const statuses = [...text.matchAll(/HTTP\/1\.[01] ([2-5]\d\d)/g)].map(([, status]) => Number(status))
  const refused = (statuses.at(-1) ?? 400) >= 400
  return {
    seen: [...upstream.seen],
    oddities: [...upstream.oddities],
    statuses,
    end: waiting ? 'waiting' : refused ? 'refused' : 'closed',
  }
}
