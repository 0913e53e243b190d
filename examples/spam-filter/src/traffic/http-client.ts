import { Agent, request as httpRequest } from 'node:http'

/** A whole answer. */
export interface Answer {
  readonly status: number
  /** The version that answered, as the gateway says. */
  readonly version: string | undefined
  readonly body: string
}

/** Why there is no answer. */
export type NoAnswer = 'connection' | 'timeout'

/** There was no whole answer. */
export class ClientFailure extends Error {
  readonly kind: NoAnswer

  constructor(kind: NoAnswer, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ClientFailure'
    this.kind = kind
  }
}

/** Posts over connections that it keeps. It never tries again: whatever fails has failed. */
export class HttpClient {
  readonly #url: URL
  readonly #timeoutMs: number
  readonly #agent: Agent

  constructor(url: string, { timeoutMs, connections }: { readonly timeoutMs: number; readonly connections: number }) {
    this.#url = new URL(url)
    this.#timeoutMs = timeoutMs
    // All connections take turns: none idles until the other side gives it up.
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: connections,
      maxFreeSockets: connections,
      scheduling: 'fifo',
    })
  }

  /** The answer, whatever its status. Rejects with `ClientFailure` when there is none, or no whole one in time. */
  async post(headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
    const bytes = Buffer.from(body)
    return await new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        reject(new ClientFailure('timeout', `no whole answer in ${this.#timeoutMs} ms`))
        request.destroy()
      }, this.#timeoutMs)
      const failed = (error: Error) => {
        clearTimeout(patience)
        reject(new ClientFailure('connection', codeOf(error) ?? error.message, { cause: error }))
      }
      const request = httpRequest(
        this.#url,
        { method: 'POST', agent: this.#agent, headers: { ...headers, 'content-length': bytes.length } },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('error', failed)
          answer.on('end', () => {
            clearTimeout(patience)
            const version = answer.headers['serin-version']
            resolve({
              status: answer.statusCode ?? 0,
              version: typeof version === 'string' ? version : undefined,
              body: Buffer.concat(chunks).toString('utf8'),
            })
          })
        },
      )
      request.on('error', failed)
      request.end(bytes)
    })
  }

  /** Gives up the connections. */
  close(): void {
    this.#agent.destroy()
  }
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
