import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

interface Turn {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly serve: () => void
}

/** The requests of one connection that are not answered yet. */
interface Line {
  running: Turn | null
  readonly waiting: Turn[]
  /** What comes when all are answered. */
  last: (() => void) | null
}

/**
 * Serves the requests of an HTTP/1.1 connection one after the other. Node hands over all that a client sends at once, and a request must not come to a
 * version before the one that was sent first is answered.
 */
export class Turns {
  readonly #lines = new WeakMap<Duplex, Line>()

  /** Whether an answer is under way, or due. */
  isBusy(socket: Duplex): boolean {
    return (this.#lines.get(socket)?.running ?? null) !== null
  }

  /** Serves a request when its turn comes, unless its client has gone by then. */
  take(request: IncomingMessage, response: ServerResponse, serve: () => void): void {
    const { socket } = request
    const line = this.#lines.get(socket) ?? { running: null, waiting: [], last: null }
    this.#lines.set(socket, line)
    if (line.running === null) {
      this.#run(socket, line, { request, response, serve })
      return
    }
    line.waiting.push({ request, response, serve })
    // What has been read is read; the rest stays where it is.
    socket.pause()
  }

  /**
   * Nothing more is to be read from the connection: `last` comes when what came whole is answered. False when the request that is being served is the
   * one that will never be whole.
   */
  end(socket: Duplex, last: () => void): boolean {
    const line = this.#lines.get(socket)
    if (line === undefined || line.running === null) {
      last()
      return true
    }
    const newest = line.waiting.at(-1) ?? line.running
    if (!newest.request.complete && line.waiting.pop() === undefined) return false
    line.last = last
    return true
  }

  #run(socket: Duplex, line: Line, turn: Turn): void {
    line.running = turn
    turn.response.on('close', () => {
      const next = line.waiting.shift()
      line.running = null
      if (line.waiting.length === 0) socket.resume()
      if (socket.destroyed || !socket.writable) return
      if (next !== undefined) this.#run(socket, line, next)
      else line.last?.()
    })
    turn.serve()
  }
}
