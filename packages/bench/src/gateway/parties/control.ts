import type { GatewayIdentity } from '@serin/gateway'
import { Kept } from './kept.ts'

const headEnd = '\r\n\r\n'

/** A connection to the admin port of a gateway that is kept, and costs next to nothing itself. */
export class Control {
  readonly #identity: Pick<GatewayIdentity, 'adminPort' | 'token'>
  readonly #kept: Kept

  constructor(identity: Pick<GatewayIdentity, 'adminPort' | 'token'>) {
    this.#identity = identity
    this.#kept = new Kept({ host: '127.0.0.1', port: identity.adminPort })
  }

  /** Puts a table in force; rejects with what the gateway says when it does not take it. */
  async put(table: object): Promise<void> {
    const { adminPort, token } = this.#identity
    const body = JSON.stringify(table)
    const head = [
      'PUT /routing HTTP/1.1',
      `Host: 127.0.0.1:${adminPort}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ].join('\r\n')
    const answer = await this.#kept.ask(`${head}${headEnd}${body}`, isWhole)
    if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`The gateway does not take the table: ${answer}`)
  }

  close(): void {
    this.#kept.close()
  }
}

/** The gateway says how long each of its answers is. */
function isWhole(said: string): boolean {
  const end = said.indexOf(headEnd)
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(said)?.[1]
  return end >= 0 && said.length >= end + headEnd.length + Number(length ?? 0)
}
