import { z } from 'zod'
import { Freeze, Notice } from './gate.ts'
import { GatewaySettings } from './gateway-settings.ts'
import { KayentaAnalysis } from './kayenta.ts'
import { Metric } from './metric.ts'
import { OwnNginx } from './own-nginx.ts'
import { HeaderName, Match, RoutingRule, Segment } from './routing-rule.ts'
import { Strategy } from './strategy.ts'
import { Duration, Interval, Name, Percent } from './units.ts'
import { CountrySource, Override, Sticky, TokenSource, UnitSource } from './who.ts'

/** What the evidence is also read by: the values of a header or the path, or classes of them. Advice: no slice decides anything. */
export const Slice = z
  .strictObject({
    header: HeaderName.optional().meta({ description: 'Request header whose value is the slice.' }),
    path: z
      .strictObject({
        depth: z.int().min(1).max(4).meta({ description: 'How many of its segments: with 1, `/cart/7` is `/cart`.' }),
      })
      .meta({ id: 'SlicePath', description: 'The first segments of the path, without the query.' })
      .optional()
      .meta({ description: 'Or: the first segments of the path are the slice.' }),
    values: z
      .record(Name, Match)
      .refine((values) => Object.keys(values).length >= 1 && Object.keys(values).length <= 32, {
        error: 'expected 1 to 32 classes',
      })
      .optional()
      .meta({ description: 'Named classes instead of the values; the first that fits, or `other` when none does.' }),
  })
  .refine((slice) => (slice.header === undefined) !== (slice.path === undefined), {
    error: 'expected exactly one of header, path',
  })
  .meta({
    id: 'Slice',
    description: 'A part of the traffic that is looked at by itself; at most 32 values are followed.',
  })

const Probe = z
  .strictObject({
    path: z.string().startsWith('/').default('/').meta({ description: 'Answered with 2xx or 3xx when all is well.' }),
    grpc: z.boolean().optional().meta({
      description:
        'Instead of `path`: asked with `grpc.health.v1.Health/Check`, well when SERVING. Needs `upstream: h2c`.',
    }),
    every: Interval.prefault('500ms').meta({ description: 'Time between two checks.' }),
    timeout: Interval.prefault('2s').meta({ description: 'An answer that takes longer is a failure.' }),
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
  .meta({ id: 'Probe', description: 'A health check by HTTP, or by gRPC.' })

const ready = Probe.meta({ description: 'When a replica may take traffic.' })
const live = Probe.meta({ description: 'When a replica is taken out and restarted.' })
const replicas = z.int().min(1).max(64).meta({ description: 'How many copies of a version run.' })

const upstream = z.enum(['http1', 'h2c']).meta({
  description:
    'What all versions speak: HTTP/1.1, or HTTP/2 without TLS and with prior knowledge, as servers of gRPC do. It cannot change while the service exists.',
})

const stopWithin = Duration.prefault('10s').meta({ description: 'Time between SIGTERM and SIGKILL.' })

const processFields = {
  command: z.array(z.string().min(1)).min(1).max(100).meta({
    description:
      'Program and arguments; `{port}` and `{version}` are replaced. PORT and SERIN_VERSION are in its environment.',
  }),
  env: z.record(z.string(), z.string()),
  cwd: z.string().optional().meta({ description: 'Working directory, relative to the file.' }),
}

/** Replicas of a command on their own ports. */
export const ProcessWorkload = z
  .strictObject({
    kind: z.literal('process').meta({ description: 'Serin runs a command.' }),
    replicas: replicas.default(1),
    command: processFields.command.optional(),
    env: processFields.env.default({}).meta({ description: 'Extra environment of every version.' }),
    cwd: processFields.cwd,
    upstream: upstream.default('http1'),
    ready: ready.prefault({}),
    live: live.prefault({}),
    stopWithin,
  })
  .meta({ id: 'ProcessWorkload', description: 'N replicas of a command.' })

/** Replicas that serve an ONNX model over the Open Inference Protocol v2, or an external server that speaks it. */
export const ModelWorkload = z
  .strictObject({
    kind: z.literal('model').meta({ description: 'Serin, or a server it drives, serves a model.' }),
    model: Name.meta({ description: 'Name of the model in the protocol’s paths.' }),
    replicas: replicas.default(1),
    server: z.url().optional().meta({
      description: 'An external server (Triton, MLServer, KServe, OVMS). Without it Serin serves the model itself.',
    }),
    naming: z.enum(['per-version-model', 'reload']).default('per-version-model').meta({
      description:
        'External server: one model name per version (`spam-v2`; clients post to `/infer`), or one name that is loaded anew on servers of each version’s own.',
    }),
    ready: ready.prefault({}),
    live: live.prefault({}),
    memoryMax: z
      .int()
      .min(64)
      .max(1_000_000)
      .default(2_048)
      .meta({ description: 'MiB a replica may use before it is restarted.' }),
    stopWithin,
  })
  .meta({ id: 'ModelWorkload', description: 'Replicas that serve a model.' })

/** Servers that someone else runs. */
export const EndpointsWorkload = z
  .strictObject({
    kind: z.literal('endpoints').meta({ description: 'The versions run already, somewhere.' }),
    upstream: upstream.default('http1'),
    ready: ready.prefault({}),
    live: live.prefault({}),
  })
  .meta({ id: 'EndpointsWorkload', description: 'Versions that already run somewhere; each names its endpoints.' })

/** What a version runs as. */
export const Workload = z.discriminatedUnion('kind', [ProcessWorkload, ModelWorkload, EndpointsWorkload])

/** What differs from version to version; which fields apply depends on the workload's kind. */
export const VersionSpec = z
  .strictObject({
    command: processFields.command.optional(),
    env: processFields.env.optional().meta({ description: 'process, model: extra environment of this version.' }),
    cwd: processFields.cwd,
    replicas: replicas.optional().meta({ description: 'Instead of the number under `workload`.' }),
    uri: z.string().min(1).optional().meta({ description: 'model: path of the ONNX file, relative to the file.' }),
    endpoints: z.array(z.url()).min(1).max(64).optional().meta({
      description:
        'endpoints: base addresses, such as http://127.0.0.1:3001. model: the version’s own servers, instead of the one under "workload".',
    }),
    labels: z
      .record(z.string(), z.string().max(1_000))
      .optional()
      .meta({ description: 'Free text for people, such as a commit.' }),
  })
  .meta({ id: 'Version', description: 'A version. It never changes once applied.' })

/** A risk somebody takes: without any nothing could ever be decided. */
const Risk = Percent.refine((percent) => percent > 0 && percent <= 50, {
  error: 'expected more than 0% and at most 50%: without any risk nothing could ever be decided',
})

const Missing = z
  .strictObject({
    after: Interval.meta({ description: 'How long it has to last.' }),
    do: z.enum(['hold', 'rollback']).meta({ description: 'Held for a person, or back to stable.' }),
  })
  .meta({ id: 'Missing', description: 'What happens when evidence is missing for long.' })

/** How sure Serin has to be. */
export const Analysis = z
  .strictObject({
    falseRollback: Risk.prefault('1%').meta({
      description:
        'Chance that a harmless version is rolled back, over the whole rollout and all guardrails, however often Serin looks.',
    }),
    falsePromotion: Risk.prefault('5%').meta({
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
    noData: Missing.optional().meta({
      description: 'Canary has no requests. Without it a step waits, to its deadline. None of these ever adds traffic.',
    }),
    sourceDown: Missing.optional().meta({ description: 'Nothing is heard from where evidence comes from.' }),
    lowTraffic: Missing.optional().meta({ description: 'There are too few users or requests to say anything.' }),
    judge: z.enum(['serin', 'kayenta']).default('serin').meta({
      description:
        'Whose verdict counts. `kayenta` compares time series as Spinnaker does; it makes no correction for looking again, so `falseRollback` and `falsePromotion` do not hold.',
    }),
    kayenta: KayentaAnalysis.optional().meta({ description: 'How the judge `kayenta` looks.' }),
  })
  .refine(({ judge, kayenta }) => kayenta === undefined || judge === 'kayenta', {
    path: ['kayenta'],
    error: 'expected "judge: kayenta" beside it: these options mean nothing to another judge',
  })
  .meta({ id: 'Analysis', description: 'How sure Serin has to be.' })

const listenWords = 'expected a port (0 to 65535) such as 8080, or an address with a port such as 0.0.0.0:8080'

const ListenAddress = z.union(
  [
    z.int().min(0).max(65_535),
    z
      .string()
      .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, { error: listenWords })
      .refine((address) => Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535, { error: listenWords }),
  ],
  { error: listenWords },
)

/** A service: what runs, who sees what, what is watched, how the next version comes in. */
export const Service = z
  .strictObject({
    listen: ListenAddress.meta({
      description: 'Port (on loopback) or address:port where the gateway takes requests.',
      examples: [8080, '0.0.0.0:8080'],
    }),
    router: z.enum(['gateway', 'nginx', 'haproxy', 'envoy']).default('gateway').meta({
      description:
        'What takes the requests. `gateway`: a process of Serin’s own. `nginx`, `haproxy` and `envoy`: one that Serin starts and drives; the same users get the same versions, but there is no shield and no reflex. nginx sends copies and compares the status of their answers; the others send none. `envoy` is experimental: it was not run with a real Envoy yet.',
    }),
    nginx: OwnNginx.optional().meta({
      description:
        'With `router: nginx`: an nginx of your own in which Serin keeps one file for this service, instead of an nginx that Serin starts.',
    }),
    onDrift: z.enum(['correct', 'report']).default('correct').meta({
      description:
        'What happens when somebody else changes the router. `correct`: Serin sends its table again. `report`: it says so and leaves the change; the rollout does not go forward until the router does again what was asked, or another table is asked for. Either way what was seen meanwhile is not taken for evidence of the split that was asked for.',
    }),
    preview: ListenAddress.optional().meta({
      description:
        'Port (on loopback) or address:port where the new version answers whatever its share is, for tests and gates; stable while there is none.',
      examples: [8081],
    }),
    workers: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .meta({
        description:
          'Processes among which the gateway shares the traffic, to use more than one core; one by default. Another number holds from the next start of the control plane on, which then replaces the gateway at its address.',
        examples: [2],
      }),
    gateway: GatewaySettings.prefault({}).meta({
      description: 'What Serin’s own gateway does at its edge: TLS, whom it believes, what it tells.',
    }),
    unit: z
      .array(UnitSource)
      .max(8)
      .default([])
      .meta({ description: 'Where to find who a request belongs to; the first source that has a value wins.' }),
    sticky: z
      .union([Sticky, z.boolean()], { error: 'expected true, false, or the name and age of a cookie' })
      .default(false)
      .meta({
        description:
          'A cookie with a random id for who comes without a unit, so that the version stays; `true` takes every default.',
      }),
    token: TokenSource.optional().meta({
      description: 'Where the token (JWT) is whose claims are units or conditions, and how it is verified.',
    }),
    country: CountrySource.optional().meta({ description: 'Where the country of a request is read from.' }),
    segments: z
      .record(Name, Segment)
      .refine((segments) => Object.keys(segments).length <= 100, { error: 'expected at most 100 segments' })
      .default({})
      .meta({ description: 'Parts of the traffic by name, for rules and for the routes of steps.' }),
    rules: z
      .array(RoutingRule)
      .max(100)
      .default([])
      .meta({ description: 'Requests that stable or canary answers whatever their bucket says.' }),
    override: Override,
    shield: z.boolean().default(true).meta({
      description:
        'Whether stable answers a request without a body that may be sent twice (GET, HEAD, OPTIONS, PUT, DELETE) when canary refuses it, breaks off before its answer, answers 502, 503 or 504, or takes longer than five seconds to begin. Canary is judged as if it had not. A request that picked its version by header, or came to `preview`, sees the failure.',
    }),
    workload: Workload.meta({ description: 'What a version runs as.' }),
    versions: z.record(Name, VersionSpec).meta({ description: 'The versions, by name.' }),
    stable: Name.meta({ description: 'The version that serves before the first rollout.' }),
    strategy: Strategy.prefault({ kind: 'canary', preset: '5-25-50-100' }).meta({
      description: 'How the next version comes in.',
    }),
    metrics: z
      .record(Name, Metric)
      .prefault({ errors: { kind: 'errors' }, latency: { kind: 'latency' } })
      .meta({ description: 'What is watched. Default: errors and latency from the gateway.' }),
    slices: z
      .record(Name, Slice)
      .refine((slices) => Object.keys(slices).length <= 4, { error: 'expected at most 4 slices' })
      .optional()
      .meta({ description: 'Parts of the traffic whose errors are compared by themselves, by name. Advice only.' }),
    analysis: Analysis.prefault({}).meta({ description: 'How sure the verdicts have to be.' }),
    keepWarm: Duration.prefault('10m').meta({
      description: 'How long the old version keeps running after promotion, so that undo is instant.',
    }),
    warmLimit: z.int().min(1).max(10).default(2).meta({
      description: 'How many old versions are kept running at once; the oldest goes first.',
    }),
    keepAborted: Duration.prefault('0s').meta({
      description: 'How long a version that was rolled back keeps running, for somebody who wants to look at it.',
    }),
    rollbackWindow: z.int().min(0).max(100).default(0).meta({
      description: 'Releasing one of this many versions that were stable before goes there at once, without steps.',
    }),
    onNewVersion: z.enum(['supersede', 'queue', 'refuse']).default('supersede').meta({
      description: 'A release while another is under way: it takes its place, waits until it is over, or is refused.',
    }),
    freeze: z.array(Freeze).max(100).default([]).meta({
      description: 'Times in which no release begins or goes forward, except hotfixes; going back is always possible.',
    }),
    notify: z.array(Notice).max(10).default([]).meta({
      description: 'Who is told whenever a rollout goes from one phase or step to another.',
    }),
    drain: Duration.prefault('30s').meta({
      description: 'How long open requests may take to finish before a version is stopped.',
    }),
  })
  .meta({
    id: 'Service',
    description: 'A service: what runs, who sees what, what is watched, how the next version comes in.',
  })

/** The whole file. */
export const ServiceFile = z
  .strictObject({
    serin: z.literal('v1').meta({ description: 'Version of this format.' }),
    services: z
      .record(Name, Service)
      .refine((services) => Object.keys(services).length > 0, { error: 'expected at least one service' })
      .meta({ description: 'The services, by name.' }),
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
export type Slice = z.output<typeof Slice>
export type Analysis = z.output<typeof Analysis>
export type Probe = z.output<typeof Probe>
