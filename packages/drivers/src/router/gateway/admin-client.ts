import type { GatewayIdentity } from '@serin/gateway'
import { SerinError } from '@serin/spec'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'

const answerWithinMs = 10_000

/** A request to the admin port. */
export interface AdminCall {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly body?: string
  readonly signal: AbortSignal
}

/** Speaks to the admin port of a gateway over kept connections. */
export class AdminClient {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 4 })

  /** The JSON answer. Rejects with `gateway.unreachable`, with `gateway.failed` when it refuses, or with the signal's reason. */
  async call(identity: GatewayIdentity, call: AdminCall): Promise<unknown> {
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(answerWithinMs)])
    try {
      const answer = await this.open(identity, { ...call, signal })
      const chunks: Buffer[] = []
      for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
      const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      const status = answer.statusCode ?? 0
      if (status < 300) return value
      const detail = typeof value === 'object' && value !== null && 'detail' in value ? String(value.detail) : ''
      throw new SerinError('gateway.failed', `The gateway refused ${call.method} ${call.path}: ${detail}`, {
        details: { status },
      })
    } catch (error) {
      call.signal.throwIfAborted()
      if (error instanceof SerinError) throw error
      throw unreachable(identity, error)
    }
  }

  /** The answer as it streams. Rejects with Node's own error. */
  async open(identity: GatewayIdentity, { method, path, body, signal }: AdminCall): Promise<IncomingMessage> {
    return await new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${identity.token}`,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      }
      const outgoing = request({
        host: '127.0.0.1',
        port: identity.adminPort,
        method,
        path,
        headers,
        signal,
        agent: this.#agent,
      })
      outgoing.on('response', resolve)
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agent.destroy()
  }
}

/** A gateway that does not answer. */
export function unreachable(identity: GatewayIdentity, cause: unknown): SerinError {
  return new SerinError(
    'gateway.unreachable',
    `The gateway on ${identity.address} (pid ${identity.pid}) does not answer.`,
    { cause },
  )
}
