import { Agent, request } from 'node:http'
import { bodyOf, unitCookie, unitOf, versions } from '../load/requests.ts'

const longestMs = 10_000
const bodies = new Map(Object.values(versions).map((version) => [bodyOf(version), version]))

/** What became of a request: the version that answered; `wrong` is another answer than those, `lost` none at all. */
export interface Call {
  readonly sentMs: number
  readonly endMs: number
  readonly answer: string
}

/** Clients on Node's own HTTP that keep their connections and send the next request when the last is answered: they close when they are told to, as a browser would. */
export class Callers {
  readonly #port: number
  readonly #agents: readonly Agent[]
  #calls: Call[] = []
  #opened = 0
  #over = false
  readonly #loops: readonly Promise<void>[]

  constructor(port: number, connections: number) {
    this.#port = port
    this.#agents = Array.from({ length: connections }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
    this.#loops = this.#agents.map(async (agent, i) => {
      while (!this.#over) await this.#call(agent, i)
    })
  }

  /** Connections that had to be opened anew. */
  get reopened(): number {
    return Math.max(0, this.#opened - this.#agents.length)
  }

  /** The requests that have come to an end since this was asked for. */
  take(): readonly Call[] {
    const calls = this.#calls
    this.#calls = []
    return calls
  }

  /** Ends when the last request is answered. */
  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#loops)
    for (const agent of this.#agents) agent.destroy()
  }

  async #call(agent: Agent, user: number): Promise<void> {
    const sentMs = performance.now()
    const headers = { cookie: `theme=dark; ${unitCookie}=${unitOf(user)}; consent=1` }
    const answer = await new Promise<string>((resolve) => {
      const sent = request({ host: '127.0.0.1', port: this.#port, agent, headers, timeout: longestMs }, (response) => {
        let text = ''
        response.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve((response.statusCode === 200 ? bodies.get(text) : undefined) ?? 'wrong'))
        response.on('error', () => resolve('lost'))
      })
      sent.on('socket', () => (this.#opened += sent.reusedSocket ? 0 : 1))
      sent.on('timeout', () => sent.destroy())
      sent.on('error', () => resolve('lost')).end()
    })
    this.#calls.push({ sentMs, endMs: performance.now(), answer })
  }
}
