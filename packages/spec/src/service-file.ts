import { z } from 'zod'
import { Duration, Percent, Weight } from './units.ts'

/** Names of services and versions: they become parts of headers, file names and journal streams. */
export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
    error: 'expected a name of letters, digits, ".", "_" or "-" (at most 63, starting with a letter or digit)',
  })
  .meta({ description: 'Letters, digits, `.`, `_`, `-`; at most 63.' })

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: 'expected the name of an HTTP header' })

/** Where the unit of assignment is read from; the first source that has a value wins. */
export const UnitSource = z
  .union([
    z.strictObject({ header: HeaderName.meta({ description: 'Request header that holds the id.' }) }),
    z.strictObject({ cookie: z.string().min(1).max(100).meta({ description: 'Cookie that holds the id.' }) }),
    z.strictObject({ query: z.string().min(1).max(100).meta({ description: 'Query parameter that holds the id.' }) }),
    z.strictObject({ address: z.literal(true).meta({ description: 'The client address.' }) }),
  ])
  .meta({
    id: 'UnitSource',
    description: 'Where to find who a request belongs to. Without any source each request is a unit of its own.',
  })

const Match = z
  .strictObject({
    equals: z.string().max(1_000).optional().meta({ description: 'The whole value.' }),
    prefix: z.string().max(1_000).optional().meta({ description: 'The start of the value.' }),
    contains: z.string().max(1_000).optional().meta({ description: 'A part of the value.' }),
    present: z.boolean().optional().meta({ description: 'Whether there is a value at all.' }),
    in: z.array(z.string().max(1_000)).max(1_000).optional().meta({ description: 'One of these values.' }),
  })
  .refine((match) => Object.keys(match).length === 1, {
    error: 'expected exactly one of equals, prefix, contains, present, in',
  })
  .meta({ id: 'Match', description: 'How a value is compared.' })

/** A rule that sends matching requests to stable or canary whatever their bucket says. */
export const RoutingRule = z
  .strictObject({
    name: z.string().min(1).max(100),
    header: z.record(HeaderName, Match).optional().meta({ description: 'Request headers, all of which must match.' }),
    cookie: z.record(z.string().min(1), Match).optional(),
    query: z.record(z.string().min(1), Match).optional(),
    path: Match.optional(),
    to: z.enum(['stable', 'canary']).meta({ description: 'Who answers. `canary` means stable while no rollout runs.' }),
  })
  .refine((rule) => rule.header ?? rule.cookie ?? rule.query ?? rule.path, {
    error: 'expected at least one of header, cookie, query, path',
  })
  .meta({
    id: 'RoutingRule',
    description:
      'Rules come before the override header, which comes before the hash. The first rule that matches decides.',
  })

const Probe = z
  .strictObject({
    path: z.string().startsWith('/').default('/').meta({ description: 'Answered with 2xx or 3xx when all is well.' }),
    every: Duration.prefault('500ms'),
    timeout: Duration.prefault('2s'),
    within: Duration.prefault('60s').meta({
      description: 'Readiness: how long a replica may take before its rollout fails.',
    }),
    failures: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .meta({ description: 'Liveness: failures in a row before a replica is restarted.' }),
  })
  .meta({ id: 'Probe', description: 'A health check by HTTP.' })

const processFields = {
  command: z.array(z.string().min(1)).min(1).max(100).meta({
    description:
      'Program and arguments; `{port}` and `{version}` are replaced. PORT and SERIN_VERSION are in its environment.',
  }),
  env: z.record(z.string(), z.string()).default({}).meta({ description: 'Extra environment.' }),
  cwd: z.string().optional().meta({ description: 'Working directory, relative to the file.' }),
}

/** Replicas of a command on their own ports. */
export const ProcessWorkload = z
  .strictObject({
    kind: z.literal('process'),
    replicas: z.int().min(1).max(64).default(1),
    command: processFields.command.optional(),
    env: processFields.env,
    cwd: processFields.cwd,
    ready: Probe.prefault({}),
    live: Probe.prefault({}),
    stopWithin: Duration.prefault('10s').meta({ description: 'Time between SIGTERM and SIGKILL.' }),
  })
  .meta({ id: 'ProcessWorkload', description: 'N replicas of a command.' })

/** Replicas that serve an ONNX model over the Open Inference Protocol v2, or an external server that speaks it. */
export const ModelWorkload = z
  .strictObject({
    kind: z.literal('model'),
    model: Name.meta({ description: 'Name of the model in the protocol’s paths.' }),
    replicas: z.int().min(1).max(64).default(1),
    server: z.url().optional().meta({
      description: 'An external server (Triton, MLServer, KServe, OVMS). Without it Serin serves the model itself.',
    }),
    naming: z
      .enum(['per-version-model', 'reload'])
      .default('per-version-model')
      .meta({ description: 'External server: one model name per version (`spam-v2`), or one name that is reloaded.' }),
    ready: Probe.prefault({}),
    live: Probe.prefault({}),
    memoryMax: z
      .int()
      .min(64)
      .max(1_000_000)
      .default(2_048)
      .meta({ description: 'MiB a replica may use before it is restarted.' }),
    stopWithin: Duration.prefault('10s'),
  })
  .meta({ id: 'ModelWorkload', description: 'Replicas that serve a model.' })

/** Servers that someone else runs. */
export const EndpointsWorkload = z
  .strictObject({
    kind: z.literal('endpoints'),
    ready: Probe.prefault({}),
    live: Probe.prefault({}),
  })
  .meta({ id: 'EndpointsWorkload', description: 'Versions that already run somewhere; each names its endpoints.' })

/** What a version runs as. */
export const Workload = z.discriminatedUnion('kind', [ProcessWorkload, ModelWorkload, EndpointsWorkload])

/** What differs from version to version; which fields apply depends on the workload's kind. */
export const VersionSpec = z
  .strictObject({
    command: processFields.command.optional(),
    env: processFields.env.optional(),
    cwd: processFields.cwd,
    replicas: z.int().min(1).max(64).optional(),
    uri: z.string().min(1).optional().meta({ description: 'model: path of the ONNX file, relative to the file.' }),
    endpoints: z
      .array(z.url())
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'endpoints: base addresses, such as http://127.0.0.1:3001.' }),
    labels: z
      .record(z.string(), z.string().max(1_000))
      .optional()
      .meta({ description: 'Free text for people, such as a commit.' }),
  })
  .meta({ id: 'Version', description: 'A version. It never changes once applied.' })

const Role = z
  .enum(['guardrail', 'monitor'])
  .default('guardrail')
  .meta({ description: 'A guardrail can stop a rollout; a monitor is only shown.' })
const importance = z
  .number()
  .positive()
  .max(1_000)
  .default(1)
  .meta({ description: 'Share of the false-rollback budget, relative to the other guardrails.' })

/** Failed requests: 5xx answers, refused, reset or timed-out connections. */
export const ErrorsMetric = z
  .strictObject({
    kind: z.literal('errors'),
    role: Role,
    margin: Percent.prefault('25%').meta({
      description: 'Relative worsening that would still be acceptable at 100 %.',
    }),
    marginAbsolute: Percent.prefault('0.5%').meta({
      description: 'Absolute worsening that would still be acceptable, for stable versions that hardly fail.',
    }),
    importance,
  })
  .meta({ id: 'ErrorsMetric' })

/** Latency of successful requests against cuts at stable's own quantiles. */
export const LatencyMetric = z
  .strictObject({
    kind: z.literal('latency'),
    role: Role,
    quantile: z
      .union([z.literal(50), z.literal(75), z.literal(90), z.literal(95), z.literal(99)])
      .default(95)
      .meta({
        description:
          'Promotion needs proof that no more requests than the margin allows are slower than stable’s own quantile. Harm is looked for at all of them.',
      }),
    margin: Percent.prefault('50%').meta({
      description: 'Relative worsening of the share of slow requests that would still be acceptable.',
    }),
    importance,
  })
  .meta({ id: 'LatencyMetric' })

/** A mean of pushed observations per unit, such as the false-positive rate of a model. */
export const ObservationMetric = z
  .strictObject({
    kind: z.literal('observation'),
    role: Role,
    observation: Name.optional().meta({ description: 'Name of the observations; default: the metric’s own name.' }),
    better: z.enum(['lower', 'higher']).default('lower'),
    margin: Percent.prefault('10%'),
    marginAbsolute: Percent.prefault('0.5%').meta({
      description: 'In points of the value × 100 (for a rate: percentage points).',
    }),
    importance,
  })
  .meta({ id: 'ObservationMetric' })

/** Something that is watched. */
export const Metric = z.discriminatedUnion('kind', [ErrorsMetric, LatencyMetric, ObservationMetric])

/** One step of a canary. */
export const CanaryStep = z
  .strictObject({
    weight: Weight.meta({ description: 'Share of the units that canary serves.' }),
    hold: Duration.prefault('0s').meta({
      description: 'At least this long with evidence: time without samples does not count.',
    }),
    pause: z.boolean().default(false).meta({ description: 'Wait for a person to promote.' }),
  })
  .meta({ id: 'CanaryStep' })

/** Known ramps. */
export const presets = ['1-5-25-100', '5-25-50-100'] as const

/** Canary: a growing share of the units, each step only after evidence. */
export const CanaryStrategy = z
  .strictObject({
    kind: z.literal('canary'),
    preset: z.enum(presets).optional().meta({ description: 'A known ramp instead of steps.' }),
    steps: z.array(CanaryStep).min(1).max(50).optional(),
    deadline: Duration.prefault('2h').meta({
      description:
        'A step that is still undecided after this long is held for a person. Nothing is ever promoted because time ran out.',
    }),
  })
  .refine((strategy) => (strategy.steps === undefined) !== (strategy.preset === undefined), {
    error: 'expected either steps or preset',
  })
  .refine(
    (strategy) =>
      (strategy.steps ?? []).every(
        (step, i, all) =>
          typeof step.weight !== 'number' || (step.weight > (all[i - 1]?.weight ?? 0) && step.weight < 10_000),
      ),
    {
      error: 'expected growing weights above 0% and below 100% (promotion to 100% follows the last step)',
      path: ['steps'],
    },
  )
  .meta({ id: 'CanaryStrategy' })

/** How sure Serin has to be. */
export const Analysis = z
  .strictObject({
    falseRollback: Percent.prefault('1%').meta({
      description:
        'Chance that a harmless version is rolled back, over the whole rollout and all guardrails, however often Serin looks.',
    }),
    falsePromotion: Percent.prefault('5%').meta({
      description: 'Chance, per guardrail, that a version worse than its margin passes.',
    }),
    warmUp: Duration.prefault('10s').meta({
      description: 'Latency of both versions is not judged while new replicas are younger than this.',
    }),
    minUnits: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(50)
      .meta({ description: 'Units canary must have served before any step may pass.' }),
  })
  .meta({ id: 'Analysis' })

/** A service: what runs, who sees what, what is watched, how the next version comes in. */
export const Service = z
  .strictObject({
    listen: z
      .union([z.int().min(0).max(65_535), z.string().regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/)])
      .meta({
        description: 'Port (on loopback) or address:port where the gateway takes requests.',
        examples: [8080, '0.0.0.0:8080'],
      }),
    unit: z.array(UnitSource).max(8).default([]),
    rules: z.array(RoutingRule).max(100).default([]),
    override: z
      .union([HeaderName, z.literal(false)])
      .default('serin-version')
      .meta({
        description: 'Header by which a request picks a version by name, for tests by hand; `false` switches it off.',
      }),
    workload: Workload,
    versions: z.record(Name, VersionSpec),
    stable: Name.meta({ description: 'The version that serves before the first rollout.' }),
    strategy: CanaryStrategy.prefault({ kind: 'canary', preset: '5-25-50-100' }),
    metrics: z
      .record(Name, Metric)
      .prefault({ errors: { kind: 'errors' }, latency: { kind: 'latency' } })
      .meta({ description: 'What is watched. Default: errors and latency from the gateway.' }),
    analysis: Analysis.prefault({}),
    keepWarm: Duration.prefault('10m').meta({
      description: 'How long the old version keeps running after promotion, so that undo is instant.',
    }),
    drain: Duration.prefault('30s').meta({
      description: 'How long open requests may take to finish before a version is stopped.',
    }),
  })
  .meta({ id: 'Service' })

/** The whole file. */
export const ServiceFile = z
  .strictObject({
    serin: z.literal('v1').meta({ description: 'Version of this format.' }),
    services: z
      .record(Name, Service)
      .refine((services) => Object.keys(services).length > 0, { error: 'expected at least one service' }),
  })
  .meta({
    id: 'ServiceFile',
    title: 'serin.yaml',
    description: 'The release file: services, their versions, and how the next one comes in.',
  })

/** The file as code reads it: durations in ms, percentages as numbers, weights in basis points. */
export type ServiceFile = z.output<typeof ServiceFile>
export type Service = z.output<typeof Service>
export type Workload = z.output<typeof Workload>
export type ProcessWorkload = z.output<typeof ProcessWorkload>
export type ModelWorkload = z.output<typeof ModelWorkload>
export type EndpointsWorkload = z.output<typeof EndpointsWorkload>
export type VersionSpec = z.output<typeof VersionSpec>
export type Metric = z.output<typeof Metric>
export type ErrorsMetric = z.output<typeof ErrorsMetric>
export type LatencyMetric = z.output<typeof LatencyMetric>
export type ObservationMetric = z.output<typeof ObservationMetric>
export type CanaryStrategy = z.output<typeof CanaryStrategy>
export type RoutingRule = z.output<typeof RoutingRule>
export type UnitSource = z.output<typeof UnitSource>
export type Analysis = z.output<typeof Analysis>
export type Probe = z.output<typeof Probe>
