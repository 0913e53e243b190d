import { jsonLengthHeader, parseInferResponse, renderInferRequest } from './message.ts'
import type { InferRequest, InferResponse } from './message.ts'

/** A server that understood and said no: its status, and the sentence in its `error` field. */
export class ServerRefusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'ServerRefusal'
    this.status = status
  }
}

/** A line of the repository index; servers may leave out what they do not know. */
export interface IndexLine {
  readonly name: string
  readonly version?: string
  readonly state?: string
  readonly reason?: string
}

/**
 * Speaks the Open Inference Protocol v2 over REST to any server of it. Verbs reject with `ServerRefusal` when the server says no, with the
 * error of the connection when it says nothing, or with the signal's reason.
 */
export class OpenInferenceClient {
  readonly #base: string

  /** `base` is where the paths of the protocol begin, such as `http://triton:8000`. */
  constructor(base: string) {
    this.#base = base.replace(/\/+$/, '')
  }

  /** Whether the server serves the model now; any answer but a 2xx is a no. */
  async isReady(model: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.#fetch(`/v2/models/${encodeURIComponent(model)}/ready`, { signal })
    await response.body?.cancel()
    return response.ok
  }

  /** What the server says of the model. */
  async metadata(model: string, signal: AbortSignal): Promise<unknown> {
    return await this.#json(`/v2/models/${encodeURIComponent(model)}`, { signal })
  }

  /** Runs the model. */
  async infer(model: string, request: InferRequest, signal: AbortSignal): Promise<InferResponse> {
    const { json, binary } = renderInferRequest(request)
    const head = Buffer.from(json)
    const response = await this.#fetch(`/v2/models/${encodeURIComponent(model)}/infer`, {
      method: 'POST',
      body: Buffer.concat([head, ...binary]),
      headers:
        binary.length === 0
          ? { 'content-type': 'application/json' }
          : { 'content-type': 'application/octet-stream', [jsonLengthHeader]: String(head.length) },
      signal,
    })
    if (!response.ok) throw await refusal(response)
    const length = response.headers.get(jsonLengthHeader)
    return parseInferResponse({
      bytes: Buffer.from(await response.arrayBuffer()),
      jsonLength: length === null ? null : Number(length),
    })
  }

  /** What the server has or could load. */
  async index(signal: AbortSignal): Promise<readonly IndexLine[]> {
    const value = await this.#json('/v2/repository/index', { method: 'POST', body: '{}', signal })
    return Array.isArray(value) ? (value as readonly IndexLine[]) : []
  }

  /** Loads the model, or loads it anew; resolves once it is loaded. */
  async load(model: string, signal: AbortSignal): Promise<void> {
    await this.#post(`/v2/repository/models/${encodeURIComponent(model)}/load`, signal)
  }

  /** Takes the model out of the server's memory. */
  async unload(model: string, signal: AbortSignal): Promise<void> {
    await this.#post(`/v2/repository/models/${encodeURIComponent(model)}/unload`, signal)
  }

  async #post(path: string, signal: AbortSignal): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const response = await this.#fetch(path, { method: 'POST', body: '{}', headers, signal })
    if (!response.ok) throw await refusal(response)
    await response.body?.cancel()
  }

  async #json(path: string, init: RequestInit): Promise<unknown> {
    const response = await this.#fetch(path, init)
    if (!response.ok) throw await refusal(response)
    return await response.json()
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    return await fetch(`${this.#base}${path}`, init)
  }
}

async function refusal(response: Response): Promise<ServerRefusal> {
  const text = (await response.text()).slice(0, 10_000)
  let said = text.slice(0, 300).replaceAll(/\s+/g, ' ').trim()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'error' in value && typeof value.error === 'string')
      said = value.error
  } catch {
    // Not every proxy in front of a server answers in its form.
  }
  return new ServerRefusal(response.status, said === '' ? `status ${response.status}` : said)
}
