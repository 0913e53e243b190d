import { z } from 'zod'
import { ReleasePlan } from './release-plan.ts'
import { JournalEntry, Observation, Rollout, ServiceStatus } from './resources.ts'

const Why = z.string().max(2_000).default('').meta({ description: 'Reason, for the journal.' })
const Command = z.strictObject({ why: Why })

/** One operation of the API: what the server checks, the SDK types and the OpenAPI document shows. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly response: z.ZodType
  /** Answered without a token. */
  readonly open?: boolean
}

const service = z.object({ service: z.string() })
const rollout = z.object({ rollout: z.string() })

/** Every operation under `/v1`, by the name the SDK gives it. The event stream (`GET /v1/events`, SSE) is described in the server. */
export const api = {
  listServices: {
    method: 'GET',
    path: '/v1/services',
    summary: 'All services.',
    response: z.object({ services: z.array(ServiceStatus) }),
  },
  getService: {
    method: 'GET',
    path: '/v1/services/{service}',
    summary: 'One service.',
    params: service,
    response: ServiceStatus,
  },
  applyFile: {
    method: 'PUT',
    path: '/v1/file',
    summary: 'Applies a release file: services are created or changed; nothing starts moving.',
    body: z.strictObject({
      text: z.string().max(1_000_000),
      baseDirectory: z.string().meta({ description: 'Absolute directory that relative paths of the file start from.' }),
      name: z.string().default('serin.yaml'),
    }),
    response: z.object({
      changes: z.array(
        z.object({
          service: z.string(),
          change: z.enum(['created', 'changed', 'unchanged']),
          details: z.array(z.string()),
        }),
      ),
    }),
  },
  release: {
    method: 'POST',
    path: '/v1/services/{service}/release',
    summary: 'Starts a rollout of a version.',
    params: service,
    body: z.strictObject({
      to: z.string(),
      supersede: z.boolean().default(false).meta({ description: 'Take the place of a rollout under way.' }),
      why: Why,
    }),
    response: Rollout,
  },
  plan: {
    method: 'POST',
    path: '/v1/services/{service}/plan',
    summary: 'Says what a release would do, from the traffic observed lately; nothing starts.',
    params: service,
    body: z.strictObject({
      to: z.string(),
      requestsPerSecond: z
        .number()
        .positive()
        .max(1e7)
        .optional()
        .meta({ description: 'Instead of the traffic observed.' }),
      errorPercent: z
        .number()
        .min(0)
        .max(50)
        .optional()
        .meta({ description: 'Instead of the failures observed on stable.' }),
      users: z
        .int()
        .positive()
        .optional()
        .meta({ description: 'How many users there are, to say how many are exposed.' }),
    }),
    response: ReleasePlan,
  },
  undo: {
    method: 'POST',
    path: '/v1/services/{service}/undo',
    summary: 'Goes back to the version that was stable before, or to a given one, at once.',
    params: service,
    body: z.strictObject({ to: z.string().optional(), why: Why }),
    response: Rollout,
  },
  listRollouts: {
    method: 'GET',
    path: '/v1/rollouts',
    summary: 'Rollouts, newest first.',
    query: z.object({ service: z.string().optional(), limit: z.coerce.number().int().min(1).max(1_000).default(50) }),
    response: z.object({ rollouts: z.array(Rollout) }),
  },
  getRollout: {
    method: 'GET',
    path: '/v1/rollouts/{rollout}',
    summary: 'One rollout. `SERVICE` instead of an id means its latest.',
    params: rollout,
    response: Rollout,
  },
  pause: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/pause',
    summary: 'Holds the rollout where it is.',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  resume: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/resume',
    summary: 'Lets a held rollout go on.',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  promote: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/promote',
    summary: 'Goes to the next step now, or to the end.',
    params: rollout,
    body: z.strictObject({
      why: Why,
      full: z.boolean().default(false),
      seenStep: z
        .int()
        .nullable()
        .default(null)
        .meta({ description: 'The step (from 0) the person saw: refused when it is another by now.' }),
    }),
    response: Rollout,
  },
  abort: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/abort',
    summary: 'Sends all traffic back to stable.',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  retry: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/retry',
    summary: 'Starts a rolled-back rollout again, with new evidence.',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  journal: {
    method: 'GET',
    path: '/v1/journal',
    summary: 'Journal entries, oldest first.',
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      stream: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(200),
      newest: z.stringbool().default(false),
    }),
    response: z.object({ entries: z.array(JournalEntry) }),
  },
  verifyJournal: {
    method: 'GET',
    path: '/v1/journal/verify',
    summary: 'Walks the hash chain.',
    response: z.object({ ok: z.boolean(), entries: z.int(), firstBad: z.int().nullable() }),
  },
  observe: {
    method: 'POST',
    path: '/v1/observations',
    summary: 'Takes observations; JSON or, with `application/x-ndjson`, one per line.',
    body: z.strictObject({ observations: z.array(Observation).min(1).max(10_000) }),
    response: z.object({
      accepted: z.int(),
      ignored: z.int().meta({
        description: 'Well-formed, but about a unit or time no version is known for, or a metric nobody watches.',
      }),
    }),
  },
  whoami: {
    method: 'GET',
    path: '/v1/whoami',
    summary: 'Who the token belongs to, and which control plane answers.',
    response: z.object({ actor: z.string(), version: z.string(), dataDirectory: z.string() }),
  },
} as const satisfies Record<string, Operation>

/** The name of an operation. */
export type OperationName = keyof typeof api
