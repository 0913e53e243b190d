import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { readAnswer } from './answer.ts'
import { requestsOf, smallBytes } from './requests.ts'
import { SizedAnswer } from './sized-answer.ts'

const reopenMs = 50

/** Who hears of what becomes of requests. */
export interface ClientListener {
  /** The expected answer came: the next request may be sent. */
  answered(client: Client, user: number): void
  /** Anything else: an unexpected answer, another version than before, a connection that broke or was not to be had. */
  wrong(client: Client, user: number | null): void
  /** It can take its first request, or the first after its connection broke. */
  ready(client: Client): void
}

/** All connections read into the same bytes: what is read is looked at before the next read. */
const shared = Buffer.allocUnsafe(65_536)

/** A connection that carries one request at a time, and is opened again when it breaks. */
export class Client {
  readonly #port: number
  readonly #listener: ClientListener
  /** Which version answered each user: it must not change. */
  readonly #known: (string | undefined)[]
  readonly #requests: readonly Buffer[]
  /** Null for small answers, which come in one piece. */
  readonly #sized: SizedAnswer | null
  #socket: Socket | null = null
  #user: number | null = null
  #rest: Buffer | null = null
  #closed = false

  constructor(port: number, known: (string | undefined)[], listener: ClientListener, bytes: number = smallBytes) {
    this.#port = port
    this.#known = known
    this.#listener = listener
    this.#requests = requestsOf(bytes)
    this.#sized = bytes === smallBytes ? null : new SizedAnswer(bytes)
    this.#open()
  }

  get busy(): boolean {
    return this.#user !== null
  }

  send(user: number): void {
    this.#user = user
    this.#socket?.write(this.#requests[user] ?? '')
  }

  close(): void {
    this.#closed = true
    this.#socket?.destroy()
  }

  #open(): void {
    const onread = {
      buffer: shared,
      callback: (length: number) => {
        this.#received(shared.subarray(0, length))
        return true
      },
    }
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, onread })
    this.#socket = socket
    socket.on('connect', () => this.#listener.ready(this))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#closed || this.#socket !== socket) return
      this.#broke()
    })
  }

  #received(bytes: Buffer): void {
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes])
    const user = this.#user
    const answer = user === null ? 'wrong' : (this.#sized?.read(bytes) ?? readAnswer(all))
    if (answer === 'more') {
      if (this.#sized === null) this.#rest = Buffer.from(all)
      return
    }
    this.#rest = null
    if (answer === 'wrong' || user === null || (this.#known[user] ??= answer.version) !== answer.version) {
      this.#socket?.destroy()
      return
    }
    this.#user = null
    this.#listener.answered(this, user)
  }

  #broke(): void {
    const user = this.#user
    this.#user = null
    this.#rest = null
    this.#sized?.forget()
    this.#socket = null
    this.#listener.wrong(this, user)
    setTimeout(() => {
      if (!this.#closed) this.#open()
    }, reopenMs)
  }
}
