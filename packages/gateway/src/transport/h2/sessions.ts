import * as http2 from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'

const windowBytes = 262_144
const probeAfterMs = 30_000

/** A connection to an upstream that many requests share. */
export class Session {
  readonly session: ClientHttp2Session
  /** Requests on it. */
  open = 0
  /** Whether it takes no new requests. */
  draining = false
  connected = false
  #waiting: ((error: Error | null) => void)[] = []

  constructor(url: string) {
    this.session = http2.connect(url, { settings: { enablePush: false, initialWindowSize: windowBytes } })
    let failure = new Error('the connection was closed')
    this.session.on('error', (error: Error) => (failure = error))
    this.session.on('goaway', () => (this.draining = true))
    this.session.on('connect', (_session, socket) => {
      this.connected = true
      socket.setKeepAlive(true, probeAfterMs)
      this.session.setLocalWindowSize(windowBytes * 4)
      this.#tell(null)
    })
    this.session.on('close', () => {
      this.draining = true
      this.#tell(failure)
    })
  }

  /** Whether another request may go on it. */
  get free(): boolean {
    const { draining, session, open } = this
    return !draining && !session.closed && open < (session.remoteSettings?.maxConcurrentStreams ?? 100)
  }

  /** Calls back when it is known whether the upstream took the connection; never at once. */
  whenKnown(tell: (error: Error | null) => void): void {
    if (this.connected || this.session.destroyed) {
      const error = this.connected ? null : new Error('the connection was closed')
      process.nextTick(() => tell(error))
    } else this.#waiting.push(tell)
  }

  /** A request on it is through. */
  release(): void {
    this.open -= 1
    if (this.open > 0) return
    // Nobody waits for a connection that does not come.
    if (!this.connected) this.session.destroy()
    else if (this.draining) this.session.close()
  }

  #tell(error: Error | null): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const tell of waiting) tell(error)
  }
}

/** The connections of HTTP/2 to one address: as few as its limit of streams allows. */
export class Sessions {
  readonly #url: string
  readonly #idleMs: number
  readonly #most: number
  readonly #sessions = new Set<Session>()

  constructor(url: string, { idleMs, most }: { readonly idleMs: number; readonly most: number }) {
    this.#url = url
    this.#idleMs = idleMs
    this.#most = most
  }

  /** A connection for one more request; `fresh` never takes a used one. Give it back with its `release`. */
  take(fresh: boolean): Session {
    const found = fresh ? undefined : this.#best()
    const session = found ?? this.#open()
    session.open += 1
    return session
  }

  /** Closes all, whatever is on them. */
  close(): void {
    for (const { session } of this.#sessions) session.destroy()
    this.#sessions.clear()
  }

  #best(): Session | undefined {
    const all = [...this.#sessions]
    const free = all.find((session) => session.free)
    if (free !== undefined || all.length < this.#most) return free
    // Node keeps the request until the upstream has room for it.
    return all.filter(({ draining }) => !draining).toSorted((one, other) => one.open - other.open)[0]
  }

  #open(): Session {
    const opened = new Session(this.#url)
    const { session } = opened
    this.#sessions.add(opened)
    session.on('close', () => this.#sessions.delete(opened))
    session.setTimeout(this.#idleMs, () => {
      if (opened.open === 0) session.close()
    })
    return opened
  }
}
