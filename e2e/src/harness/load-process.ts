/**
 * A load generator as a process of its own: keep-alive HTTP/1.1 over plain sockets, so that it costs little and counts for itself.
 * Told what to do by messages of its parent; answers `report` with what it has counted.
 */
import { connect, type Socket } from 'node:net'
import type { LoadCommand, LoadReport } from './load.ts'

interface Pending {
  readonly startedMs: number
  text: string
}

const [host = '', port = ''] = process.argv.slice(2)
const tickMs = 5
const timeoutMs = 20_000
const keptFailures = 20

const counts = { sent: 0, answered: 0, failed: 0 }
const byVersion: Record<string, number> = {}
const failures: string[] = []
let slowestMs = 0
let [rate, users, connections, path, body] = [0, 1_000, 50, '/', '']
let owed = 0
let nextUser = 0
let lastTickMs = performance.now()

class Connection {
  #socket: Socket | null = null
  #pending: Pending | null = null

  get idle(): boolean {
    return this.#pending === null
  }

  send(): void {
    const user = `user-${nextUser}`
    nextUser = (nextUser + 1) % users
    this.#pending = { startedMs: performance.now(), text: '' }
    counts.sent += 1
    const head = `${body === '' ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: e2e\r\nx-user: ${user}\r\n`
    const framed = body === '' ? '\r\n' : `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    this.#open().write(head + framed)
  }

  check(nowMs: number): void {
    if (this.#pending === null || nowMs - this.#pending.startedMs < timeoutMs) return
    this.#fail(`no answer within ${timeoutMs} ms`)
    this.#socket?.destroy()
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    if (this.#socket !== null) return this.#socket
    const socket = connect({ host, port: Number(port), noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#read(socket, chunk))
    socket.on('error', (error) => this.#lost(socket, error.message))
    socket.on('close', () => this.#lost(socket, 'the connection was closed before the answer'))
    this.#socket = socket
    return socket
  }

  /** A connection may be closed while nothing is asked on it; in the middle of a request that is a failure. */
  #lost(socket: Socket, why: string): void {
    if (socket !== this.#socket) return
    this.#socket = null
    if (this.#pending !== null) this.#fail(why)
  }

  #read(socket: Socket, chunk: string): void {
    if (this.#pending === null) return
    this.#pending.text += chunk
    const { text, startedMs } = this.#pending
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = text.slice(0, end).toLowerCase()
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? Number.NaN)
    if (Number.isNaN(length)) {
      this.#fail('an answer without a length')
      socket.destroy()
      return
    }
    if (text.length < end + 4 + length) return
    const status = Number(head.slice(9, 12))
    if (status !== 200) {
      this.#fail(`status ${status}: ${text.slice(end + 4, end + 204)}`)
    } else {
      counts.answered += 1
      const version = /\r\nserin-version: (\S+)/.exec(head)?.[1] ?? 'none'
      byVersion[version] = (byVersion[version] ?? 0) + 1
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
      this.#pending = null
    }
    if (/\r\nconnection: close/.test(head)) {
      this.#socket = null
      socket.destroy()
    }
  }

  #fail(why: string): void {
    counts.failed += 1
    if (failures.length < keptFailures) failures.push(`${new Date().toISOString()} ${why}`)
    this.#pending = null
  }
}

const pool: Connection[] = []

const ticker = setInterval(() => {
  const nowMs = performance.now()
  // After a stall of the machine the backlog is not made up for: the pool bounds what is under way.
  owed = Math.min(owed + (rate * (nowMs - lastTickMs)) / 1_000, Math.max(connections, rate / 10))
  lastTickMs = nowMs
  while (pool.length < connections) pool.push(new Connection())
  for (const connection of pool) {
    if (owed >= 1 && connection.idle) {
      owed -= 1
      connection.send()
    }
    connection.check(nowMs)
  }
}, tickMs)

const report = (): LoadReport => ({ ...counts, byVersion: { ...byVersion }, failures: [...failures], slowestMs })

process.on('message', (command: LoadCommand) => {
  if (command.type === 'change') {
    ;({ rate, users, connections, path, body } = { rate, users, connections, path, body, ...command.options })
    process.send?.(report())
    return
  }
  if (command.type === 'report') {
    process.send?.(report())
    return
  }
  rate = 0
  owed = 0
  const finish = setInterval(() => {
    if (!pool.every((connection) => connection.idle)) return
    clearInterval(finish)
    clearInterval(ticker)
    for (const connection of pool) connection.close()
    process.send?.(report(), () => process.exit(0))
  }, tickMs)
})
