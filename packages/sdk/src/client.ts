import {
  catalogue,
  SerinError,
  type api,
  type ErrorCode,
  type JournalEntry,
  type OperationName,
  type ServiceStatus,
} from '@serin/spec'
import type { z } from 'zod'
import { readEvents, type Sign } from './event-source.ts'
import { routes } from './routes.ts'
import { whoAsks, type ClientOptions } from './who-asks.ts'

/** A line of the journal as the API gives it. */
export type JournalLine = z.output<typeof JournalEntry>

/** Something that happened: a line of the journal, or a service whose figures changed. */
export type LiveEvent =
  | { readonly type: 'journal'; readonly entry: JournalLine }
  | { readonly type: 'service'; readonly status: ServiceStatus }

type Input<N extends OperationName, K extends string> =
  (typeof api)[N] extends Record<K, infer S>
    ? S extends z.ZodType
      ? z.input<S>
      : Record<never, never>
    : Record<never, never>
type Arguments<N extends OperationName> = Input<N, 'params'> & Input<N, 'query'> & Input<N, 'body'>
type Answer<N extends OperationName> = z.output<(typeof api)[N]['response']>

/** One method per operation of the API; parameters, query and body are given together. Throws SerinError with the code the server gave. */
export type Client = {
  readonly [N in OperationName]: (args: Arguments<N>, signal?: AbortSignal) => Promise<Answer<N>>
} & {
  /** Everything that happens after `after` (default: from now on), across lost connections, until the signal aborts. `told` hears how the connection fares. */
  events(options: {
    readonly after?: number
    readonly signal: AbortSignal
    readonly told?: (sign: Sign) => void
  }): AsyncIterable<LiveEvent>
}

const timeoutMs = 30_000

/** A typed client of the HTTP API. */
export function createClient(options: ClientOptions): Client {
  const methods = Object.entries(routes).map(([name, route]) => [
    name,
    (args: Record<string, unknown>, signal?: AbortSignal) => call(options, route, args, signal),
  ])
  const events: Client['events'] = (wanted) => readEvents({ ...options, ...wanted })
  return { ...Object.fromEntries(methods), events } as Client
}

async function call(
  options: ClientOptions,
  route: string,
  args: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<unknown> {
  const { url } = options
  const [method = 'GET', pattern = ''] = route.split(' ')
  const rest = { ...args }
  const path = pattern.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = textOf(rest[name])
    delete rest[name]
    return encodeURIComponent(value)
  })
  const query = new URLSearchParams()
  if (method === 'GET') {
    for (const [key, value] of Object.entries(rest)) if (value !== undefined) query.set(key, textOf(value))
  }
  let response: Response
  try {
    response = await fetch(`${url}${path}${query.size === 0 ? '' : `?${query.toString()}`}`, {
      method,
      headers: { ...whoAsks(options), ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
      signal:
        signal === undefined
          ? AbortSignal.timeout(timeoutMs)
          : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      ...(method === 'GET' ? {} : { body: JSON.stringify(rest) }),
    })
  } catch (error) {
    throw new SerinError('control-plane.unreachable', `No control plane answers at ${url}.`, { cause: error })
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body
  throw problemError(body, response.status)
}

/** The error an answer tells. */
export function problemError(body: unknown, status: number): SerinError {
  if (
    body !== null &&
    typeof body === 'object' &&
    'code' in body &&
    typeof body.code === 'string' &&
    body.code in catalogue &&
    'detail' in body
  ) {
    const details =
      'details' in body && body.details !== null && typeof body.details === 'object'
        ? (body.details as Record<string, unknown>)
        : {}
    return new SerinError(body.code as ErrorCode, String(body.detail), { details })
  }
  return new SerinError('internal', `The control plane answered with status ${status}.`)
}

/** Parameters of paths and queries are texts, numbers or booleans. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
