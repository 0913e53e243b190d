import { z } from 'zod'
import { KayentaJudgement } from './kayenta.ts'

const Timestamp = z.number().meta({ description: 'Milliseconds since the epoch.' })
const BasisPoints = z.int().min(0).max(10_000).meta({ description: 'Hundredths of a percent.' })

/** What a plan can be compiled from. */
export const strategies = [
  'canary',
  'adaptive',
  'blue-green',
  'rolling',
  'ab',
  'shadow',
  'composite',
  'instant',
] as const

/** One copy of a version, as people see it. */
export const Replica = z.object({
  id: z.string(),
  state: z.enum(['starting', 'ready', 'unready', 'backing-off', 'leaving', 'stopping', 'stopped']),
  endpoint: z.string().nullable(),
  restarts: z.number(),
  cpuPercent: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  message: z.string().nullable(),
})

/** A version and what runs of it. */
export const VersionStatus = z.object({
  name: z.string(),
  role: z.enum(['stable', 'canary', 'warm', 'idle']).meta({
    description: '`warm`: kept running after promotion so that undo is instant; `idle`: declared, not running.',
  }),
  workload: z.enum(['absent', 'starting', 'ready', 'degraded', 'failed']),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  replicas: z.array(Replica),
  askedBp: BasisPoints.meta({ description: 'Weight asked for.' }),
  inForceBp: BasisPoints.nullable().meta({ description: 'Weight the router says is in force.' }),
  splitPercent: z.number().nullable().meta({ description: 'Share of the requests observed lately.' }),
  inFlight: z.number(),
  live: z
    .object({
      requestsPerSecond: z.number(),
      successPercent: z.number().nullable(),
      p50Ms: z.number().nullable(),
      p95Ms: z.number().nullable(),
      p99Ms: z.number().nullable(),
    })
    .meta({ description: 'The last ten seconds.' }),
})

/** What one metric says. */
export const MetricReading = z.object({
  name: z.string(),
  kind: z.enum(['errors', 'latency', 'observation', 'generation']),
  role: z.enum(['guardrail', 'goal', 'monitor']),
  verdict: z.enum(['safe', 'harmful', 'undecided']),
  stable: z.number().nullable().meta({ description: 'Estimate for stable, in `unit`.' }),
  canary: z.number().nullable(),
  difference: z.number().nullable().meta({
    description: 'Canary minus stable, in `unit`; with users as units it is taken step by step, as the interval is.',
  }),
  interval: z.tuple([z.number().nullable(), z.number().nullable()]).nullable().meta({
    description:
      'Interval of the difference (or, with `intervalOf: ratio`, of canary/stable) that holds however often one looks.',
  }),
  intervalOf: z.enum(['difference', 'ratio']),
  unit: z.enum(['percent', 'ms', 'value']),
  allowed: z.number().nullable().meta({ description: 'Worsening that the next step would still allow, in `unit`.' }),
  harm: z
    .object({ logE: z.number(), threshold: z.number() })
    .meta({ description: 'Natural log of the evidence for harm, and where it decides.' }),
  safety: z
    .object({ logE: z.number(), threshold: z.number() })
    .meta({ description: 'Natural log of the evidence that the worsening is below what the next step allows.' }),
  counts: z.object({ stable: z.number(), canary: z.number(), stableEvents: z.number(), canaryEvents: z.number() }),
  exact: z.boolean().meta({ description: 'Whether the guarantee is exact or asymptotic.' }),
  missing: z.array(z.string()).meta({ description: 'What is still missing before this metric can decide, in words.' }),
  cut: z
    .object({ quantile: z.number(), cutMs: z.number() })
    .nullable()
    .optional()
    .meta({ description: 'latency: stable’s own quantile that requests are compared with.' }),
  quantileMs: z
    .object({ stable: z.number().nullable(), canary: z.number().nullable() })
    .optional()
    .meta({ description: 'latency: that quantile of both versions during the rollout.' }),
  sentence: z.string(),
})

/** adaptive: what the budget of failed requests allows. */
export const RampReading = z.object({
  budget: z.number().meta({ description: 'Requests that may fail because of canary.' }),
  spent: z.number().meta({ description: 'How many more have failed so far than would have on stable.' }),
  perRequestUpTo: z
    .number()
    .meta({ description: 'Extra failures per canary request, at most: holds however often one looks.' }),
  requestsPerInterval: z.number().meta({ description: 'Requests of both versions until the share may change again.' }),
  growBp: BasisPoints.meta({ description: 'The share may grow up to this.' }),
  stayBp: BasisPoints.meta({ description: 'Above this it may not stay.' }),
  probability: z.number().meta({ description: 'Belief that canary is worse at all; sceptical prior.' }),
  beyondMargin: z.number().meta({ description: 'Belief that it is worse than the margin.' }),
  impact: z.number().meta({ description: 'Extra failures per canary request if it is worse.' }),
})

const SliceCounts = z.object({ requests: z.number(), errors: z.number() })

/** One part of the traffic by itself: advice, no verdict. */
export const SliceReading = z.object({
  slice: z.string(),
  value: z.string().meta({ description: 'Comes from clients: cleaned, at most 64 characters.' }),
  canary: SliceCounts,
  stable: SliceCounts,
  logE: z.number().meta({ description: 'Natural log of the evidence that canary fails more often here.' }),
  flagged: z.boolean().meta({
    description: 'Reported by e-BH: of all that are flagged, at most a tenth is expected to be harmless.',
  }),
})

const MirrorLatency = z.object({ p50Ms: z.number(), p95Ms: z.number() })

/** What all the evidence says about the step in force. */
export const Judgement = z.object({
  at: Timestamp,
  verdict: z.enum(['safe', 'harmful', 'undecided']),
  health: z
    .enum(['ok', 'warming-up', 'no-data', 'low-traffic', 'source-down', 'sample-ratio-mismatch', 'no-baseline'])
    .meta({ description: 'Anything but `ok` never adds traffic.' }),
  sentence: z.string(),
  forWeightBp: BasisPoints.meta({ description: 'The share a safe verdict is safe for.' }),
  harm: z.object({ logE: z.number(), threshold: z.number(), leading: z.string().nullable() }),
  units: z.object({ stable: z.number(), canary: z.number() }),
  srm: z.object({ logE: z.number(), threshold: z.number() }),
  metrics: z.array(MetricReading),
  kayenta: KayentaJudgement.optional().meta({
    description:
      'With the judge `kayenta`: the score that decides instead of the evidence of `harm` and of the metrics.',
  }),
  ramp: RampReading.optional(),
  reflex: z
    .object({ canary: z.string(), stable: z.string(), logE: z.number(), threshold: z.number() })
    .optional()
    .meta({ description: 'The gateway took canary’s share away by itself, on this evidence.' }),
  alone: z
    .object({
      requests: z.number(),
      errors: z.number(),
      percent: z.number().nullable(),
      limitPercent: z.number().meta({ description: 'What stable may have had failing before, and the margin.' }),
      logE: z.number(),
      threshold: z.number(),
      sentence: z.string(),
    })
    .optional()
    .meta({ description: 'While canary has all traffic: its failures against what stable had before.' }),
  mirror: z
    .object({
      sent: z.number().meta({ description: 'Copies that were begun.' }),
      dropped: z.number().meta({ description: 'Copies that were not: too much under way, or too large.' }),
      compared: z.number(),
      different: z.number(),
      differentStatus: z.number(),
      differentBody: z.number(),
      differentRatio: z.number().nullable(),
      interval: z.tuple([z.number(), z.number()]).readonly().nullable(),
      maxDifferentRatio: z.number(),
      verdict: z.enum(['harmful', 'safe', 'undecided']),
      harm: z.object({ logE: z.number(), threshold: z.number(), leading: z.enum(['different', 'failures']) }),
      safety: z.object({ logE: z.number(), threshold: z.number() }),
      failures: z.object({ onlyCanary: z.number(), onlyStable: z.number(), logE: z.number() }),
      latency: z.object({ canary: MirrorLatency.nullable(), stable: MirrorLatency.nullable() }),
      sentence: z.string(),
    })
    .optional()
    .meta({ description: 'Where requests are copied: how alike the answers are.' }),
  goal: z
    .object({
      metric: z.string(),
      logE: z.number().meta({ description: 'Natural log of the evidence that canary is better.' }),
      threshold: z.number(),
      units: z.number().meta({ description: 'Units of both versions so far.' }),
      maxUnits: z.number().meta({ description: 'Units after which the experiment is given up.' }),
      verdict: z.enum(['better', 'not-shown', 'undecided']),
      sentence: z.string(),
    })
    .optional()
    .meta({ description: 'Experiments: what they are about.' }),
  slices: z.array(SliceReading).optional().meta({
    description: 'Where slices are asked for: the worst 16 and all that are flagged, worst first.',
  }),
  next: z
    .object({
      lookMs: z.number().meta({ description: 'At most so long until the next look.' }),
      safeMs: z.number().nullable().meta({
        description: 'Until every guardrail is safe, if the evidence goes on like this; null: it does not grow.',
      }),
      harmMs: z.number().nullable().meta({ description: 'The same until harm is proved.' }),
    })
    .optional()
    .meta({ description: 'While undecided: when the evidence may decide.' }),
})

/** A rollout as people and programs see it. */
export const Rollout = z.object({
  id: z.string(),
  service: z.string(),
  number: z.int(),
  stable: z.string(),
  canary: z.string(),
  strategy: z.enum(strategies),
  phase: z.enum(['preparing', 'watching', 'holding', 'promoting', 'rolling-back', 'promoted', 'rolled-back']),
  attempt: z.int(),
  step: z.int().nullable().meta({ description: 'Index of the step in force, from 0.' }),
  steps: z.array(
    z.object({
      weightBp: BasisPoints,
      holdMs: z.number(),
      pause: z.boolean(),
      name: z.string().optional(),
      passes: z
        .enum(['no-harm', 'decided'])
        .optional()
        .meta({ description: 'What the evidence has to say; absent: safe for the next share.' }),
      fromBp: BasisPoints.optional().meta({ description: 'The share grows evenly from here.' }),
      canaryReplicas: z.int().optional(),
      stableReplicas: z.int().optional().meta({ description: 'Once the share of the step is in force.' }),
      mirrorBp: BasisPoints.optional().meta({ description: 'Part of the units whose requests are copied to canary.' }),
      gates: z.array(z.object({ name: z.string(), kind: z.string() })).optional(),
    }),
  ),
  gate: z
    .object({
      name: z.string(),
      kind: z.string(),
      since: Timestamp,
      says: z.string().nullable().meta({ description: 'What it said last.' }),
      approvals: z.array(z.string()).meta({ description: 'Who has said yes so far.' }),
      people: z.int().nullable().meta({ description: 'How many people it takes; null when it does not ask people.' }),
    })
    .nullable()
    .meta({ description: 'The gate that is asked now.' }),
  hotfix: z.boolean().meta({ description: 'Freezes do not hold it.' }),
  rivals: z
    .array(
      z.object({
        version: z.string(),
        askedBp: BasisPoints,
        judgement: Judgement.nullable(),
        dropped: z.string().nullable().meta({ description: 'Why it has no traffic any more.' }),
      }),
    )
    .meta({ description: 'A/B: the other challengers, each with its evidence against stable.' }),
  waitsForCopies: z.literal(true).optional().meta({
    description: 'Canary’s copies for the step are not ready yet: it keeps the share it has.',
  }),
  evidenceMs: z.number().meta({ description: 'Evidence time gathered in this step.' }),
  reason: z.string().nullable(),
  by: z.string().nullable(),
  why: z.string().nullable(),
  askedBp: BasisPoints,
  inForceBp: BasisPoints.nullable(),
  sentence: z.string().meta({ description: 'Is it all right? One sentence.' }),
  judgement: Judgement.nullable().meta({ description: 'The latest one; of a rollout that is over, the deciding one.' }),
  exposedUnits: z.int().meta({ description: 'Units that canary has served.' }),
  exposedRequests: z.int(),
  startedAt: Timestamp,
  firstTrafficAt: Timestamp.nullable(),
  decidedAt: Timestamp.nullable().meta({ description: 'When the deciding evidence was judged.' }),
  lastCanaryRequestAt: Timestamp.nullable().meta({
    description: 'After a rollback: when the last request was sent to canary, by the gateway’s own log.',
  }),
  endedAt: Timestamp.nullable(),
})

/** A service as people and programs see it. */
export const ServiceStatus = z.object({
  name: z.string(),
  address: z.string().nullable(),
  preview: z.string().nullable().meta({ description: 'Where canary answers whatever its share is.' }),
  stable: z.string(),
  rollout: Rollout.nullable().meta({ description: 'The rollout under way, or the last one.' }),
  queue: z.array(z.string()).meta({ description: 'Versions that are released when the rollout under way is over.' }),
  freeze: z
    .object({ to: z.string(), why: z.string() })
    .nullable()
    .meta({ description: 'The freeze in force: until when nothing goes forward except hotfixes.' }),
  versions: z.array(VersionStatus),
  trouble: z.array(z.string()).meta({ description: 'Sentences about what is wrong right now.' }),
})

/** One line of the journal. */
export const JournalEntry = z.object({
  seq: z.int(),
  at: Timestamp,
  stream: z.string(),
  kind: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()),
  hash: z.string(),
})

/** One observation about one unit or request. */
export const Observation = z
  .strictObject({
    metric: z.string().min(1).max(63),
    value: z.number(),
    unit: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({ description: 'Who it is about: the id the gateway assigned by.' }),
    request: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({ description: 'Or: the `serin-request` header of the gateway’s answer.' }),
    time: z.number().optional().meta({
      description: 'When the thing observed happened (ms since the epoch), not when it became known. Default: now.',
    }),
    service: z.string().optional().meta({ description: 'Needed when the control plane has several services.' }),
  })
  .refine((observation) => (observation.unit === undefined) !== (observation.request === undefined), {
    error: 'expected either unit or request',
  })

export type Replica = z.output<typeof Replica>
export type VersionStatus = z.output<typeof VersionStatus>
export type MetricReading = z.output<typeof MetricReading>
export type SliceReading = z.output<typeof SliceReading>
export type Judgement = z.output<typeof Judgement>
export type Rollout = z.output<typeof Rollout>
export type ServiceStatus = z.output<typeof ServiceStatus>
export type Observation = z.output<typeof Observation>
