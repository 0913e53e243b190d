import type { IncomingHttpHeaders } from 'node:http'
import { jsonLengthHeader, parseInferRequest, renderInferResponse } from '../protocol/message.ts'
import type { Body } from '../protocol/message.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { HostedModel } from './hosted-model.ts'
import type { Repository } from './repository.ts'
import { Unloadable } from './unloadable.ts'

/** A request whose body has been read. */
export interface Request {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What to answer; binary parts follow the JSON. */
export interface Answer {
  readonly status: number
  readonly json: string
  readonly binary: readonly Uint8Array[]
}

const serverMetadata = { name: 'serin', version: '2', extensions: ['binary_tensor_data', 'model_repository'] }

/** The answer of the protocol to a request. Rejects with `ProtocolError` or `RunFailure`. */
export async function answer(repository: Repository, request: Request, leaving: boolean): Promise<Answer> {
  const path = request.url.replace(/[?#].*$/, '').replace(/(?<=.)\/+$/, '')
  const [root, area, ...rest] = segmentsOf(path)
  if (root !== 'v2') return await answerModel(ofOnly(repository, path), segmentsOf(path), request)
  switch (area) {
    case undefined:
      allow(request, 'GET')
      return json(200, serverMetadata)
    case 'health':
      return answerHealth(repository, rest, { request, leaving })
    case 'models':
      return await answerModel(
        modelOf(repository, rest),
        rest[1] === 'versions' ? rest.slice(3) : rest.slice(1),
        request,
      )
    case 'repository':
      return await answerRepository(repository, rest, request)
    default:
      throw notFound(path)
  }
}

function answerHealth(
  repository: Repository,
  [what, more]: readonly string[],
  { request, leaving }: { request: Request; leaving: boolean },
): Answer {
  if ((what !== 'live' && what !== 'ready') || more !== undefined) throw notFound(request.url)
  allow(request, 'GET')
  const ready = !leaving && (repository.only === null || repository.only.state === 'READY')
  return what === 'live' ? json(200, { live: true }) : json(ready ? 200 : 503, { ready })
}

async function answerModel(model: HostedModel, [verb, more]: readonly string[], request: Request): Promise<Answer> {
  if (more !== undefined) throw notFound(request.url)
  switch (verb) {
    case undefined:
      allow(request, 'GET')
      return json(200, model.metadata())
    case 'ready': {
      allow(request, 'GET')
      const ready = model.state === 'READY'
      return json(ready ? 200 : 503, { name: model.name, ready })
    }
    case 'infer':
      allow(request, 'POST')
      return await answerInfer(model, request)
    default:
      throw notFound(request.url)
  }
}

async function answerInfer(model: HostedModel, { headers, body }: Request): Promise<Answer> {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new ProtocolError(415, `Bodies in the encoding "${encoding}" are not read here.`)
  const inferred = parseInferRequest({ bytes: body, jsonLength: jsonLengthOf(headers) } satisfies Body)
  const response = await model.infer(inferred)
  const binary = inferred.outputs?.filter((output) => output.binary).map(({ name }) => name)
  return { status: 200, ...renderInferResponse(response, (name) => binary?.includes(name) ?? inferred.binary) }
}

async function answerRepository(repository: Repository, rest: readonly string[], request: Request): Promise<Answer> {
  const [area, name, verb, more] = rest
  if (area === 'index' && name === undefined) {
    allow(request, 'POST')
    const onlyReady = indexFilterOf(request.body)
    return json(
      200,
      (await repository.index()).filter(({ state }) => !onlyReady || state === 'READY'),
    )
  }
  if (area !== 'models' || name === undefined || more !== undefined || (verb !== 'load' && verb !== 'unload'))
    throw notFound(request.url)
  allow(request, 'POST')
  // A proxy says whom it speaks for. Clients of a service must not be able to take its models away.
  if (request.headers['x-forwarded-for'] !== undefined || request.headers['forwarded'] !== undefined)
    throw new ProtocolError(403, 'Models are not loaded or unloaded through a proxy: ask the server itself.')
  if (verb === 'unload') await modelOf(repository, [name]).unload()
  else await load(repository, name)
  return { status: 200, json: '', binary: [] }
}

async function load(repository: Repository, name: string): Promise<void> {
  try {
    await repository.load(name)
  } catch (error) {
    if (error instanceof Unloadable) throw new ProtocolError(400, error.message, { cause: error })
    throw error
  }
}

function indexFilterOf(body: Buffer): boolean {
  if (body.length === 0) return false
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && 'ready' in value && value.ready === true
  } catch (cause) {
    throw new ProtocolError(400, 'The body is not JSON.', { cause })
  }
}

function modelOf(repository: Repository, [name, versions, version]: readonly string[]): HostedModel {
  const model = name === undefined ? null : repository.find(name)
  if (model === null) throw new ProtocolError(404, `There is no model "${name ?? ''}" here.`)
  if (versions === 'versions' && version !== model.version && model.version !== null)
    throw new ProtocolError(
      404,
      `The model "${model.name}" is here as version "${model.version}", not "${version ?? ''}".`,
    )
  return model
}

/** Paths relative to the model, for clients that are sent here with a base address such as `/v2/models/NAME` cut off. */
function ofOnly({ only }: Repository, path: string): HostedModel {
  if (only === null || !['/', '/ready', '/infer'].includes(path)) throw notFound(path)
  return only
}

function jsonLengthOf(headers: IncomingHttpHeaders): number | null {
  const text = headers[jsonLengthHeader]
  if (text === undefined) return null
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text))
    throw new ProtocolError(400, 'The header Inference-Header-Content-Length is not a number of bytes.')
  return Number(text)
}

function segmentsOf(path: string): readonly string[] {
  if (path === '/') return []
  const segments = path.slice(1).split('/')
  if (!path.includes('%')) return segments
  try {
    return segments.map(decodeURIComponent)
  } catch {
    throw notFound(path)
  }
}

function allow({ method, url }: Request, wanted: 'GET' | 'POST'): void {
  if (method !== wanted) throw new ProtocolError(405, `${url} is asked with ${wanted}, not ${method}.`)
}

function notFound(url: string): ProtocolError {
  return new ProtocolError(404, `The protocol has no path ${url.slice(0, 200)}.`)
}

function json(status: number, value: unknown): Answer {
  return { status, json: JSON.stringify(value), binary: [] }
}
