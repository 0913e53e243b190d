/** All kinds of traffic at once, on kept connections, as a process of its own. Everything that comes back is checked to the last byte. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { trafficKinds, type MixedReport, type TrafficKind } from './mixed-load.ts'

const [address = '', ...kinds] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
const answerWithinMs = 30_000
const keptFailures = 20
const workers: Readonly<Record<TrafficKind, number>> = { get: 12, post: 4, lines: 6, events: 4, socket: 6, session: 2 }

const zero = (): Record<TrafficKind, number> => ({ get: 0, post: 0, lines: 0, events: 0, socket: 0, session: 0 })
const [begun, whole] = [zero(), zero()]
const byVersion: Record<string, number> = {}
const failures: string[] = []
let failed = 0
const stopping = new AbortController()
let users = 0

function answered(kind: TrafficKind, version: string): void {
  whole[kind] += 1
  byVersion[version] = (byVersion[version] ?? 0) + 1
}

function fail(kind: TrafficKind, error: unknown): void {
  failed += 1
  const why = error instanceof Error ? `${error.message} ${'code' in error ? String(error.code) : ''}` : String(error)
  if (failures.length < keptFailures) failures.push(`${new Date().toISOString()} ${kind}: ${why}`)
}

/** Sends a request of the next user; the whole body of a 200, and the version that the gateway says answered. */
async function ask(path: string, body?: string): Promise<{ readonly text: string; readonly version: string }> {
  users += 1
  return await new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const headers = {
      'x-user': `user-${users}`,
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    }
    const outgoing = request(`${address}${path}`, { method, headers, agent, timeout: answerWithinMs }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve({ text, version: String(answer.headers['serin-version']) })
        else reject(new Error(`status ${answer.statusCode}: ${text.slice(0, 200)}`))
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`silent for ${answerWithinMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function same(text: string, wanted: string): void {
  if (text === wanted) return
  throw new Error(`not whole: ${text.length} bytes of ${wanted.length}, ending ${JSON.stringify(text.slice(-40))}`)
}

const acts: Readonly<Record<Exclude<TrafficKind, 'socket' | 'session'>, () => Promise<string>>> = {
  async get() {
    const { text, version } = await ask(`/slow?ms=${begun.get % 4 === 0 ? 0 : 50 + Math.floor(Math.random() * 450)}`)
    same(text, version)
    return version
  },
  async post() {
    const body = `${Math.random()},`.repeat(100 + Math.floor(Math.random() * 3_000))
    const { text, version } = await ask('/', body)
    same(text, `${version}\n${body}`)
    await sleep(30)
    return version
  },
  lines: async () => await streamed('/lines', '', '\n'),
  events: async () => await streamed('/events', 'data: ', '\n\n'),
}

/** A stream of one to two seconds. */
async function streamed(path: string, prefix: string, after: string): Promise<string> {
  const count = 50 + Math.floor(Math.random() * 50)
  const { text, version } = await ask(`${path}?count=${count}&every=20`)
  const lines = Array.from({ length: count }, (_, i) => `${version} ${i}`)
  same(text, [...lines, 'end'].map((line) => prefix + line + after).join(''))
  return version
}

/** A WebSocket: message after message, each awaited, all from the version that took the connection; closed in order. */
async function converse(kind: 'socket' | 'session', messages: number): Promise<void> {
  const socket = new WebSocket(address.replace('http', 'ws'))
  const heard: string[] = []
  let wake = (): void => undefined
  let closed = false
  socket.addEventListener('message', ({ data }) => {
    heard.push(String(data))
    wake()
  })
  for (const event of ['open', 'close', 'error'] as const) {
    socket.addEventListener(event, () => {
      closed ||= event !== 'open'
      wake()
    })
  }
  const woken = async (holds: () => boolean): Promise<void> => {
    const deadline = performance.now() + answerWithinMs
    while (!holds()) {
      if (closed) throw new Error('the WebSocket was closed')
      if (performance.now() > deadline) throw new Error(`silent for ${answerWithinMs} ms`)
      await Promise.race([new Promise<void>((resolve) => (wake = resolve)), sleep(1_000)])
    }
  }
  await woken(() => socket.readyState === WebSocket.OPEN)
  let version = ''
  for (let i = 0; i < messages && !stopping.signal.aborted; i += 1) {
    begun[kind] += 1
    socket.send(`message ${i}`)
    await woken(() => heard.length > i)
    version = i === 0 ? (heard[0]?.split(' ')[0] ?? '') : version
    same(heard[i] ?? '', `${version} message ${i}`)
    answered(kind, version)
    await sleep(20)
  }
  socket.close()
  await woken(() => closed).catch(() => undefined)
  if (heard.length > messages) throw new Error('more came back than was sent')
}

async function work(kind: TrafficKind): Promise<void> {
  while (!stopping.signal.aborted) {
    try {
      if (kind === 'socket' || kind === 'session') {
        await converse(kind, kind === 'socket' ? Infinity : 5)
        continue
      }
      begun[kind] += 1
      answered(kind, await acts[kind]())
    } catch (error) {
      fail(kind, error)
      await sleep(50)
    }
  }
}

const works = trafficKinds
  .filter((kind) => kinds.includes(kind))
  .flatMap((kind) => Array.from({ length: workers[kind] }, () => work(kind)))
const report = (): MixedReport => ({ begun, whole, failed, failures, byVersion })

process.on('message', (command: 'report' | 'stop') => {
  if (command === 'report') {
    process.send?.(report())
    return
  }
  stopping.abort()
  void Promise.all(works).then(() => process.send?.(report(), () => process.exit(0)))
})
