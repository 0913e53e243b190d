import type { GatewayIdentity } from '@serin/gateway'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const answerMs = 10_000
const headEnd = '\r\n\r\n'

/** A connection to the admin port of a gateway that is kept, and costs next to nothing itself. */
export class Control {
  readonly #identity: Pick<GatewayIdentity, 'adminPort' | 'token'>
  #kept: Socket | null = null

  constructor(identity: Pick<GatewayIdentity, 'adminPort' | 'token'>) {
    this.#identity = identity
  }

  /** Puts a table in force; rejects with what the gateway says when it does not take it. */
  async put(table: object): Promise<void> {
    const { adminPort, token } = this.#identity
    this.#kept ??= await openAt(adminPort)
    const body = JSON.stringify(table)
    this.#kept.write(
      [
        'PUT /routing HTTP/1.1',
        `Host: 127.0.0.1:${adminPort}`,
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    )
    const answer = await answerOn(this.#kept)
    if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`The gateway does not take the table: ${answer}`)
  }

  close(): void {
    this.#kept?.destroy()
    this.#kept = null
  }
}

async function openAt(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.setEncoding('latin1').on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** The gateway says how long each of its answers is. */
async function answerOn(socket: Socket): Promise<string> {
  let said = ''
  for (;;) {
    const [text] = (await once(socket, 'data', { signal: AbortSignal.timeout(answerMs) })) as [string]
    said += text
    const end = said.indexOf(headEnd)
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(said)?.[1]
    if (end >= 0 && said.length >= end + headEnd.length + Number(length ?? 0)) return said
  }
}
