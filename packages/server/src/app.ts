import type { HttpBindings } from '@hono/node-server'
import type { Engine } from '@serin/engine'
import { api, SerinError, type Operation, type OperationName } from '@serin/spec'
import { Hono, type Context } from 'hono'
import { eventStream, placeOf, type StreamPatience } from './event-stream.ts'
import { checkWhereabouts, securityHeaders } from './guard.ts'
import { handlersOf, type Handlers } from './handlers.ts'
import { eventsRole, openApiDocument } from './open-api.ts'
import { notFound, problemResponse } from './problem-response.ts'
import { addPages, type Pages } from './dashboard/pages.ts'
import { readCall, type Call } from './read-call.ts'
import type { HistoryKeeper } from './history/history-keeper.ts'
import type { SimulationDesk } from './simulation/desk.ts'
import type { SessionBook } from './sessions/session-book.ts'
import type { Guesses } from './sessions/guesses.ts'
import { addSession, checkActing, sessionHalves, sessionPath } from './sessions/session-routes.ts'
import { checkRole, type Person, type TokenBook } from './tokens/token-book.ts'

/** What the API answers from. */
export interface AppOptions {
  readonly engine: Engine
  readonly tokens: TokenBook
  readonly sessions: SessionBook
  readonly guesses: Guesses
  readonly history: Pick<HistoryKeeper, 'of'>
  readonly simulations: SimulationDesk
  /** The dashboard; without it only the API answers. */
  readonly pages?: Pages
  readonly dataDirectory: string
  readonly version: string
  readonly log: (line: string) => void
  /** Host names by which it may be reached besides the loopback ones; null means any. Default: none. */
  readonly names?: readonly string[] | null
  /** Ends the event streams. */
  readonly ending?: AbortSignal
  readonly patience?: StreamPatience
}

type Env = { Bindings: Partial<HttpBindings>; Variables: { person: Person } }

const defaultPatience: StreamPatience = { heartbeatMs: 10_000, stallMs: 60_000 }
const eventsPath = '/v1/events'

/** The HTTP API: every operation of the table is checked on the way in, authenticated, and answered as JSON or as an RFC 9457 problem. */
export function createApp(options: AppOptions): Hono<Env> {
  const { engine, log, names = [] } = options
  const app = new Hono<Env>()
  app.onError((error) => {
    if (!(error instanceof SerinError)) log(`internal error: ${error.stack ?? error.message}`)
    return problemResponse(error)
  })
  app.notFound((context) => problemResponse(notFound(context.req.method, context.req.path)))
  app.use('*', async (context, next) => {
    await next()
    for (const [name, value] of Object.entries(securityHeaders))
      if (!context.res.headers.has(name)) context.res.headers.set(name, value)
  })
  app.get('/healthz', (context) => context.text('ok'))
  app.get('/readyz', (context) => (engine.started ? context.text('ready') : context.text('not ready', 503)))
  app.use('/v1/*', async (context, next) => {
    const { req } = context
    checkWhereabouts(
      { host: req.header('host'), origin: req.header('origin'), site: req.header('sec-fetch-site') },
      names,
    )
    await next()
  })
  app.get('/v1/openapi.json', (context) => context.json(openApiDocument()))
  addSession(app, options.sessions, options.guesses)
  app.use('/v1/*', async (context, next) => {
    context.set('person', authenticate(context, options))
    if (!engine.started) throw new SerinError('control-plane.not-ready', 'The control plane is starting or going away.')
    await next()
  })
  app.get(eventsPath, (context) => {
    checkRole(context.get('person'), 'the event stream', eventsRole)
    return streamOf(context, options)
  })
  addOperations(app, handlersOf(options))
  refuseOtherMethods(app)
  if (options.pages !== undefined) addPages(app, options.pages)
  return app
}

function addOperations(app: Hono<Env>, handlers: Handlers): void {
  for (const [name, operation] of Object.entries<Operation>(api)) {
    app.on(operation.method, patternOf(operation.path), async (context) => {
      const person = context.get('person')
      checkRole(person, `"${name}"`, operation.role)
      const call = await readCall(context, operation, person)
      const handle = handlers[name as OperationName] as (call: Call) => unknown
      return context.json((await handle(call)) as object)
    })
  }
}

/** A path that exists says which methods it has. */
function refuseOtherMethods(app: Hono<Env>): void {
  const methods = new Map<string, string[]>([
    [eventsPath, ['GET']],
    [sessionPath, ['POST', 'DELETE']],
  ])
  for (const { path, method } of Object.values<Operation>(api))
    methods.set(path, [...(methods.get(path) ?? []), method])
  for (const [path, allowed] of methods) {
    app.all(patternOf(path), (context) => {
      const said = `${context.req.path} takes ${allowed.join(' and ')}, not ${context.req.method}.`
      throw new SerinError('method.not-allowed', said, { details: { allowed } })
    })
  }
}

function patternOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function streamOf(context: Context<Env>, options: AppOptions): Response {
  const { engine, ending = new AbortController().signal, patience = defaultPatience } = options
  return eventStream({
    ...patience,
    engine,
    ending: AbortSignal.any([ending, context.get('person').gone()]),
    after: placeOf(context.req.header('last-event-id'), context.req.query('after')),
    cut: () => context.env.outgoing?.destroy(),
  })
}

/** By a token or, for pages of the dashboard, by the two halves of a session. */
function authenticate(context: Context<Env>, { tokens, sessions }: AppOptions): Person {
  const given = /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
  if (given !== undefined) return tokens.personOf(given)
  const halves = sessionHalves(context)
  if (halves === null) throw new SerinError('auth.missing', 'This request carries no token.')
  checkActing(context)
  return sessions.personOf(halves)
}
