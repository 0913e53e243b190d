import { z } from 'zod'
import { SeenGate, SeenStep, WhichRollouts, Why } from './api-fields.ts'
import { AccessToken, Role, TokenName } from './access.ts'
import type { Operation } from './api-operation.ts'
import { outlookApi } from './api-outlook.ts'
import { RolloutPoint } from './history.ts'
import { Release, ReleaseAsked } from './release.ts'
import { JournalEntry, Observation, Rollout, ServiceStatus } from './resources.ts'

const Command = z.strictObject({ why: Why })
const longestLifeMs = 400 * 86_400_000

const service = z.object({ service: z.string() })
const rollout = z.object({ rollout: z.string() })
const release = z.object({ release: z.string() })

/** Every operation under `/v1`, by the name the SDK gives it. The event stream (`GET /v1/events`, SSE) is described in the server. */
export const api = {
  listServices: {
    method: 'GET',
    path: '/v1/services',
    summary: 'All services.',
    role: 'viewer',
    response: z.object({ services: z.array(ServiceStatus) }),
  },
  getService: {
    method: 'GET',
    path: '/v1/services/{service}',
    summary: 'One service.',
    role: 'viewer',
    params: service,
    response: ServiceStatus,
  },
  applyFile: {
    method: 'PUT',
    path: '/v1/file',
    summary: 'Applies a release file: services are created or changed; nothing starts moving.',
    role: 'deployer',
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
    role: 'deployer',
    params: service,
    body: z.strictObject({
      to: z.string(),
      onActive: z.enum(['supersede', 'queue', 'refuse']).optional().meta({
        description:
          'When another rollout is under way: take its place, wait until it is over (the answer is then that rollout), or refuse. Default: what the service says.',
      }),
      rivals: z
        .array(z.string())
        .max(8)
        .default([])
        .meta({ description: 'A/B: more versions that want stable’s place; its share is divided evenly.' }),
      hotfix: z.boolean().default(false).meta({ description: 'Do not wait for a freeze to end.' }),
      why: Why,
    }),
    response: Rollout,
  },
  ...outlookApi,
  undo: {
    method: 'POST',
    path: '/v1/services/{service}/undo',
    summary: 'Goes back to the version that was stable before, or to a given one, at once.',
    role: 'operator',
    params: service,
    body: z.strictObject({ to: z.string().optional(), why: Why }),
    response: Rollout,
  },
  startRelease: {
    method: 'POST',
    path: '/v1/releases',
    summary: 'Releases several services as one: all of them, or none.',
    role: 'deployer',
    body: ReleaseAsked,
    response: Release,
  },
  listReleases: {
    method: 'GET',
    path: '/v1/releases',
    summary: 'Coupled releases, newest first.',
    role: 'viewer',
    query: z.object({ limit: z.coerce.number().int().min(1).max(200).default(50) }),
    response: z.object({ releases: z.array(Release) }),
  },
  getRelease: {
    method: 'GET',
    path: '/v1/releases/{release}',
    summary: 'One coupled release.',
    role: 'viewer',
    params: release,
    response: Release,
  },
  pauseRelease: {
    method: 'POST',
    path: '/v1/releases/{release}/pause',
    summary: 'Holds every member under way, and starts no other.',
    role: 'operator',
    params: release,
    body: Command,
    response: Release,
  },
  resumeRelease: {
    method: 'POST',
    path: '/v1/releases/{release}/resume',
    summary: 'Lets a held release go on.',
    role: 'operator',
    params: release,
    body: Command,
    response: Release,
  },
  abortRelease: {
    method: 'POST',
    path: '/v1/releases/{release}/abort',
    summary: 'Takes every member back, those that were promoted as well.',
    role: 'operator',
    params: release,
    body: Command,
    response: Release,
  },
  listRollouts: {
    method: 'GET',
    path: '/v1/rollouts',
    summary: 'Rollouts, newest first.',
    role: 'viewer',
    query: WhichRollouts,
    response: z.object({ rollouts: z.array(Rollout) }),
  },
  getRollout: {
    method: 'GET',
    path: '/v1/rollouts/{rollout}',
    summary: 'One rollout. `SERVICE` instead of an id means its latest.',
    role: 'viewer',
    params: rollout,
    response: Rollout,
  },
  getHistory: {
    method: 'GET',
    path: '/v1/rollouts/{rollout}/history',
    summary: 'How a rollout went: up to 241 moments of it, oldest first.',
    role: 'viewer',
    params: rollout,
    response: z.object({ points: z.array(RolloutPoint) }),
  },
  pause: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/pause',
    summary: 'Holds the rollout where it is.',
    role: 'operator',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  resume: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/resume',
    summary: 'Lets a held rollout go on.',
    role: 'operator',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  promote: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/promote',
    summary: 'Goes to the next step now, or to the end.',
    role: 'operator',
    params: rollout,
    body: z.strictObject({
      why: Why,
      full: z.boolean().default(false),
      seenStep: SeenStep,
    }),
    response: Rollout,
  },
  jump: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/jump',
    summary: 'Goes to another step, also to an earlier one.',
    role: 'operator',
    params: rollout,
    body: z.strictObject({
      why: Why,
      to: z.int().min(0).meta({ description: 'The step, from 0.' }),
      seenStep: SeenStep,
    }),
    response: Rollout,
  },
  approve: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/approve',
    summary: 'Says yes to the gate that is asked; each person counts once.',
    role: 'operator',
    params: rollout,
    body: z.strictObject({
      why: Why,
      seenStep: SeenStep,
      seenGate: SeenGate,
    }),
    response: Rollout,
  },
  abort: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/abort',
    summary: 'Sends all traffic back to stable.',
    role: 'operator',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  retry: {
    method: 'POST',
    path: '/v1/rollouts/{rollout}/retry',
    summary: 'Starts a rolled-back rollout again, with new evidence.',
    role: 'operator',
    params: rollout,
    body: Command,
    response: Rollout,
  },
  journal: {
    method: 'GET',
    path: '/v1/journal',
    summary: 'Journal entries, oldest first.',
    role: 'viewer',
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
    role: 'viewer',
    response: z.object({ ok: z.boolean(), entries: z.int(), firstBad: z.int().nullable() }),
  },
  observe: {
    method: 'POST',
    path: '/v1/observations',
    summary: 'Takes observations; JSON or, with `application/x-ndjson`, one per line.',
    role: 'deployer',
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
    role: 'viewer',
    response: z.object({
      actor: z.string(),
      role: Role,
      may: z.array(z.string()).meta({ description: 'The operations this role may call.' }),
      version: z.string(),
      dataDirectory: z.string(),
    }),
  },
  createLoginLink: {
    method: 'POST',
    path: '/v1/login-links',
    summary: 'Makes a link that logs a browser in to the dashboard as whoever asks: once, within ten minutes.',
    role: 'viewer',
    body: z.strictObject({}),
    response: z.object({
      path: z.string().meta({ description: 'After the address of the control plane. Whoever has it may log in.' }),
      expiresAt: z.number().meta({ description: 'Milliseconds since the epoch.' }),
    }),
  },
  listTokens: {
    method: 'GET',
    path: '/v1/tokens',
    summary: 'The tokens that were made, by name; never their secrets.',
    role: 'admin',
    response: z.object({ tokens: z.array(AccessToken) }),
  },
  createToken: {
    method: 'POST',
    path: '/v1/tokens',
    summary: 'Makes a token for a person or a program. Its secret is in this answer and nowhere else.',
    role: 'admin',
    body: z.strictObject({
      name: TokenName,
      role: Role,
      expiresInMs: z
        .int()
        .min(1)
        .max(longestLifeMs)
        .nullable()
        .default(null)
        .meta({ description: 'How long it is good for; null: until it is revoked.' }),
      why: Why,
    }),
    response: z.object({ token: AccessToken, secret: z.string() }),
  },
  revokeToken: {
    method: 'POST',
    path: '/v1/tokens/{name}/revoke',
    summary: 'Takes a token back, at once; event streams opened with it end.',
    role: 'admin',
    params: z.object({ name: z.string() }),
    body: Command,
    response: AccessToken,
  },
} as const satisfies Record<string, Operation>

/** The name of an operation. */
export type OperationName = keyof typeof api
