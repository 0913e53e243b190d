import type { Engine } from '@serin/engine'
import { api, mayDo, type OperationName, type Role } from '@serin/spec'
import type { z } from 'zod'
import { forecastInWorker } from './forecast/forecast.ts'
import type { HistoryKeeper } from './history/history-keeper.ts'
import type { Call } from './read-call.ts'
import type { SimulationDesk } from './simulation/desk.ts'
import type { SessionBook } from './sessions/session-book.ts'
import type { TokenBook } from './tokens/token-book.ts'

type Output<S> = S extends z.ZodType ? z.output<S> : Record<never, never>
type OperationOf<N extends OperationName> = (typeof api)[N]
type Field<N extends OperationName, K extends string> =
  OperationOf<N> extends Record<K, infer S> ? Output<S> : Record<never, never>

/** One function per operation of the table: a new operation does not compile before it is answered. */
export type Handlers = {
  readonly [N in OperationName]: (call: Call<Field<N, 'params'>, Field<N, 'query'>, Field<N, 'body'>>) => unknown
}

/** What the operations answer from. */
export interface HandlerOptions {
  readonly engine: Engine
  readonly tokens: TokenBook
  readonly sessions: SessionBook
  readonly history: Pick<HistoryKeeper, 'of'>
  readonly simulations: SimulationDesk
  readonly dataDirectory: string
  readonly version: string
}

/** Answers each operation from the engine. */
export function handlersOf(options: HandlerOptions): Handlers {
  const { engine, tokens, sessions, history, simulations, dataDirectory, version } = options
  return {
    listServices: () => ({ services: engine.services() }),
    getService: ({ params }) => engine.service(params.service),
    applyFile: async ({ body, actor }) => ({ changes: await engine.apply(body, { by: actor, why: '' }) }),
    release: ({ params, body, actor }) => engine.release(params.service, body, { by: actor, why: body.why }),
    plan: ({ params, body }) => forecastInWorker(engine.outlook(params.service).forecastInput(body)),
    getTraffic: ({ params }) => ({ points: engine.outlook(params.service).traffic() }),
    simulate: ({ params: { service }, body, actor }) =>
      simulations.begin({ service, spec: engine.outlook(service).policy(body.to), asked: body, by: actor }),
    listSimulations: ({ query }) => ({ simulations: simulations.list(query.service) }),
    getSimulation: ({ params }) => simulations.get(params.simulation),
    cancelSimulation: ({ params }) => simulations.cancel(params.simulation),
    assignment: ({ params, body }) => engine.assignment(params.service, body),
    undo: ({ params, body, actor }) => engine.undo(params.service, body.to, { by: actor, why: body.why }),
    startRelease: ({ body, actor }) => engine.releases.start(body, { by: actor, why: body.why }),
    listReleases: ({ query }) => ({ releases: engine.releases.list(query.limit) }),
    getRelease: ({ params }) => engine.releases.get(params.release),
    pauseRelease: ({ params, body, actor }) =>
      engine.releases.command(params.release, { type: 'pause', by: actor, why: body.why }),
    resumeRelease: ({ params, body, actor }) =>
      engine.releases.command(params.release, { type: 'resume', by: actor, why: body.why }),
    abortRelease: ({ params, body, actor }) =>
      engine.releases.command(params.release, { type: 'abort', by: actor, why: body.why }),
    listRollouts: ({ query: { service, limit, ...which } }) => ({ rollouts: engine.rollouts(service, limit, which) }),
    getRollout: ({ params }) => engine.rollout(params.rollout),
    getHistory: ({ params }) => ({ points: history.of(engine.rollout(params.rollout).id) }),
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
    jump: ({ params, body, actor }) =>
      engine.command(params.rollout, {
        type: 'jump',
        by: actor,
        why: body.why,
        to: body.to,
        seenStep: body.seenStep,
      }),
    approve: ({ params, body, actor }) => engine.command(params.rollout, { type: 'approve', by: actor, ...body }),
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
    whoami: ({ actor, role }) => ({ actor, role, may: operationsOf(role), version, dataDirectory }),
    createLoginLink: ({ person }) => {
      const { code, expiresAt } = sessions.link(person)
      // Behind the sign that browsers do not send: it stands in no log of a server.
      return { path: `/login#${code}`, expiresAt }
    },
    listTokens: () => ({ tokens: tokens.list() }),
    createToken: ({ body, actor }) => tokens.create(body, actor),
    revokeToken: ({ params, body, actor }) => tokens.revoke(params.name, { by: actor, why: body.why }),
  }
}

function operationsOf(role: Role): readonly string[] {
  return Object.entries(api).flatMap(([name, operation]) => (mayDo(role, operation.role) ? [name] : []))
}
