import { api, SerinError, toProblem, type Operation, type OperationName, type Problem } from '@serin/spec'
import type { Engine } from '@serin/engine'
import { Hono, type Context } from 'hono'
import type { z } from 'zod'
import { eventStream } from './event-stream.ts'
import { openApiDocument } from './open-api.ts'
import { sameToken } from './token-file.ts'

/** What the API answers from. */
export interface AppOptions {
  readonly engine: Engine
  readonly token: string
  readonly dataDirectory: string
  readonly version: string
  readonly log: (line: string) => void
}

const maxBodyBytes = 8_000_000

interface Call<P = Record<string, unknown>, Q = Record<string, unknown>, B = Record<string, unknown>> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly actor: string
}

type Output<S> = S extends z.ZodType ? z.output<S> : Record<never, never>
type OperationOf<N extends OperationName> = (typeof api)[N]
type Field<N extends OperationName, K extends string> =
  OperationOf<N> extends Record<K, infer S> ? Output<S> : Record<never, never>
type Handlers = {
  readonly [N in OperationName]: (call: Call<Field<N, 'params'>, Field<N, 'query'>, Field<N, 'body'>>) => unknown
}

/** The HTTP API: every operation of the table is checked on the way in, authenticated, and answered as JSON or as an RFC 9457 problem. */
export function createApp(options: AppOptions): Hono {
  const { engine, log } = options
  const handlers = handlersOf(options)
  const app = new Hono()
  app.onError((error) => {
    if (!(error instanceof SerinError)) log(`internal error: ${error.stack ?? error.message}`)
    return problemResponse(toProblem(error))
  })
  app.notFound((context) =>
    problemResponse({
      ...toProblem(new SerinError('body.invalid', `There is no ${context.req.method} ${context.req.path}.`)),
      status: 404,
    }),
  )
  app.get('/healthz', (context) => context.text('ok'))
  app.get('/readyz', (context) => context.text('ready'))
  app.get('/v1/openapi.json', (context) => context.json(openApiDocument()))
  app.use('/v1/*', async (context, next) => {
    authenticate(context, options.token)
    await next()
  })
  app.get('/v1/events', (context) => eventStream(context, engine))
  for (const [name, operation] of Object.entries<Operation>(api)) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1')
    app.on(operation.method, path, async (context) => {
      const call = await readCall(context, operation)
      const handle = handlers[name as OperationName] as (call: Call) => unknown
      return context.json((await handle(call)) as object)
    })
  }
  return app
}

function handlersOf({ engine, dataDirectory, version }: AppOptions): Handlers {
  return {
    listServices: () => ({ services: engine.services() }),
    getService: ({ params }) => engine.service(params.service),
    applyFile: async ({ body, actor }) => ({ changes: await engine.apply(body, { by: actor, why: '' }) }),
    release: ({ params, body, actor }) =>
      engine.release(params.service, body.to, body.supersede, { by: actor, why: body.why }),
    undo: ({ params, body, actor }) => engine.undo(params.service, body.to, { by: actor, why: body.why }),
    listRollouts: ({ query }) => ({ rollouts: engine.rollouts(query.service, query.limit) }),
    getRollout: ({ params }) => engine.rollout(params.rollout),
    pause: ({ params, body, actor }) => engine.command(params.rollout, { type: 'pause', by: actor, why: body.why }),
    resume: ({ params, body, actor }) => engine.command(params.rollout, { type: 'resume', by: actor, why: body.why }),
    promote: ({ params, body, actor }) =>
      engine.command(params.rollout, {
        type: 'promote',
        by: actor,
        why: body.why,
        full: body.full,
        seenStep: body.seenStep,
      }),
    abort: ({ params, body, actor }) => engine.command(params.rollout, { type: 'abort', by: actor, why: body.why }),
    retry: ({ params, body, actor }) => engine.command(params.rollout, { type: 'retry', by: actor, why: body.why }),
    journal: ({ query }) => ({
      entries: engine.journal({
        after: query.after,
        limit: query.limit,
        newestFirst: query.newest,
        ...(query.stream === undefined ? {} : { stream: query.stream }),
      }),
    }),
    verifyJournal: () => engine.verifyJournal(),
    observe: ({ body }) => engine.observe(body.observations),
    whoami: ({ actor }) => ({ actor, version, dataDirectory }),
  }
}

function authenticate(context: Context, token: string): void {
  const given = /^Bearer (\S+)$/.exec(context.req.header('authorization') ?? '')?.[1]
  if (given === undefined) throw new SerinError('auth.missing', 'This request carries no token.')
  if (!sameToken(given, token)) throw new SerinError('auth.refused', 'This token is not the one of this control plane.')
}

async function readCall(context: Context, operation: Operation): Promise<Call> {
  const check = (schema: z.ZodType | undefined, value: unknown, place: string): Record<string, unknown> => {
    if (schema === undefined) return {}
    const result = schema.safeParse(value)
    if (result.success) return result.data as Record<string, unknown>
    const issues = result.error.issues.map((issue) => `${issue.path.join('.') || place}: ${issue.message}`)
    throw new SerinError('body.invalid', `The ${place} does not fit: ${issues.slice(0, 5).join('; ')}.`)
  }
  return {
    params: check(operation.params, context.req.param(), 'path'),
    query: check(operation.query, context.req.query(), 'query'),
    body: check(operation.body, operation.body === undefined ? undefined : await readBody(context), 'body'),
    actor: 'admin',
  }
}

async function readBody(context: Context): Promise<unknown> {
  const length = Number(context.req.header('content-length') ?? 0)
  if (length > maxBodyBytes) throw tooLarge()
  const text = await limitedText(context.req.raw)
  if (text === '') return {}
  try {
    // NDJSON: one observation per line.
    if (context.req.header('content-type')?.startsWith('application/x-ndjson')) {
      return {
        observations: text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line): unknown => JSON.parse(line)),
      }
    }
    return JSON.parse(text)
  } catch {
    throw new SerinError('body.invalid', 'The body is not JSON.')
  }
}

/** A body without a declared length is counted while it arrives. */
async function limitedText(request: Request): Promise<string> {
  if (request.body === null) return ''
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > maxBodyBytes) throw tooLarge()
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function tooLarge(): SerinError {
  return new SerinError('body.too-large', `The body is larger than ${maxBodyBytes / 1_000_000} MB.`)
}

function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json' },
  })
}
