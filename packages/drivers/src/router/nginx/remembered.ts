import type { RoutingTable } from '@serin/core'
import { writeAtomically } from '@serin/gateway'
import { SerinError } from '@serin/spec'
import { join } from 'node:path'
import { urlsOf } from '../proxy/addresses.ts'
import type { ProxyContext } from '../proxy/driven.ts'
import type { NginxState } from './state.ts'

/** Where it is kept what the next control plane has to know. */
export const stateFile = 'nginx.json'

/** An nginx and what is remembered of it, whether it is Serin's or somebody's own. */
export abstract class RememberedNginx {
  readonly product = 'nginx'
  readonly mirrors = true
  protected readonly context: ProxyContext
  protected state: NginxState
  protected isReleased = false
  #wantedPort: number

  protected constructor(context: ProxyContext, state: NginxState) {
    this.context = context
    this.state = state
    this.#wantedPort = state.evidencePort
  }

  get table(): RoutingTable | null {
    return this.state.table
  }

  /** Where the evidence goes by now; 0: nowhere yet. */
  get evidencePort(): number {
    return this.state.evidencePort
  }

  /** What every line of evidence has to name. */
  get evidenceKey(): string {
    return this.state.evidenceKey
  }

  get addresses(): ReturnType<typeof urlsOf> {
    return urlsOf(this.state)
  }

  /** Where the evidence is to go from now on; in force once it is ensured. */
  sendEvidenceTo(port: number): void {
    this.#wantedPort = port
  }

  /** Remembers where the evidence is to go; whether that is elsewhere than before. Rejects when it was released. */
  protected async turnEvidence(): Promise<boolean> {
    if (this.isReleased)
      throw new SerinError('gateway.unreachable', `The nginx of ${this.context.service} was released.`)
    const evidencePort = this.#wantedPort
    if (evidencePort === this.state.evidencePort) return false
    await this.keep({ ...this.state, evidencePort })
    return true
  }

  protected async keep(state: NginxState): Promise<void> {
    await writeAtomically(join(this.context.stateDirectory, stateFile), `${JSON.stringify(state)}\n`)
    this.state = state
  }
}
