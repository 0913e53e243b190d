import * as http from 'node:http'
import * as https from 'node:https'

/** The connections of HTTP/1.1 to one address: the full lane's are those of Node's agents, the fast one keeps its own; the limit holds for both together. */
export class Connections {
  readonly agent: http.Agent
  /** Same address, never a used connection: for the replay after a stale one. */
  readonly freshAgent: http.Agent
  /** Those of the fast lane, in use or idle. */
  inLane = 0
  /** Ends one of the fast lane's that is idle, if there is one. */
  endIdleInLane: (() => void) | null = null
  readonly #most: number

  constructor(secure: boolean, { most, keptMs }: { readonly most: number; readonly keptMs: number }) {
    this.#most = most
    const kept = {
      keepAlive: true,
      scheduling: 'lifo',
      maxSockets: most,
      maxFreeSockets: 256,
      timeout: keptMs,
    } as const
    this.agent = secure ? new https.Agent(kept) : new http.Agent(kept)
    this.freshAgent = secure ? new https.Agent() : new http.Agent()
  }

  /** How many the fast lane may have now. One it always may: otherwise nothing of its own would wake who waits in it. */
  mostInLane(): number {
    const most = this.#most - this.#inFull()
    if (this.inLane >= most) idleOf(this.agent)?.destroy()
    return Math.max(1, most)
  }

  /** The agent for a request of the full lane, which then may have as many as the fast one leaves; one it always may. */
  agentFor(fresh: boolean): http.Agent {
    const most = this.#most - this.inLane
    if (this.inLane > 0 && this.#inFull() >= most && idleOf(this.agent) === undefined) this.endIdleInLane?.()
    this.agent.maxSockets = Math.max(1, most)
    return fresh ? this.freshAgent : this.agent
  }

  /** Closes those of the full lane. */
  close(): void {
    this.agent.destroy()
    this.freshAgent.destroy()
  }

  #inFull(): number {
    const { agent, freshAgent } = this
    return countOf(agent.sockets) + countOf(agent.freeSockets) + countOf(freshAgent.sockets)
  }
}

type Sockets = http.Agent['sockets']

function countOf(sockets: Sockets): number {
  return Object.values(sockets).reduce((sum, some = []) => sum + some.length, 0)
}

function idleOf({ freeSockets }: http.Agent): Exclude<Sockets[string], undefined>[number] | undefined {
  return Object.values(freeSockets)
    .flatMap((some = []) => some)
    .find(({ destroyed }) => !destroyed)
}
