import { ServiceStatus, type Judgement, type MetricReading, type Rollout, type VersionStatus } from '@serin/spec'
import type { JournalLine } from '@serin/sdk'
import type { Snapshot } from '../view/watch.ts'

/** A moment to draw: 12:00:00 in the zone of the test. */
export const noon = new Date(2026, 4, 4, 12).getTime()

/** A metric that is undecided. */
export function reading(changes: Partial<MetricReading> = {}): MetricReading {
  return {
    name: 'errors',
    kind: 'errors',
    role: 'guardrail',
    verdict: 'undecided',
    stable: 0.93,
    canary: 1.22,
    difference: 0.29,
    interval: [0.6, 2.1],
    intervalOf: 'ratio',
    unit: 'percent',
    allowed: 0.5,
    harm: { logE: Math.log(9), threshold: Math.log(200) },
    safety: { logE: Math.log(7), threshold: Math.log(20) },
    counts: { stable: 2_930, canary: 980, stableEvents: 27, canaryEvents: 12 },
    exact: true,
    missing: [],
    sentence: 'errors: 1.22 % on canary (12 of 980) against 0.93 % on stable. Not decided yet.',
    ...changes,
  }
}

/** A latency that is safe. */
export const latencyReading = reading({
  name: 'latency',
  kind: 'latency',
  verdict: 'safe',
  stable: 5.1,
  canary: 4.9,
  difference: -0.2,
  interval: [-0.9, 0.6],
  intervalOf: 'difference',
  harm: { logE: -0.4, threshold: Math.log(200) },
  safety: { logE: Math.log(31), threshold: Math.log(20) },
  exact: false,
  cut: { quantile: 0.95, cutMs: 48.2 },
  quantileMs: { stable: 48.1, canary: 47.6 },
  sentence: 'latency: within what the next step allows.',
})

/** What an undecided step says. */
export function judgement(changes: Partial<Judgement> = {}): Judgement {
  return {
    at: noon,
    verdict: 'undecided',
    health: 'ok',
    sentence: 'No harm seen; errors needs more evidence before 50 %.',
    forWeightBp: 5_000,
    harm: { logE: Math.log(4.6), threshold: Math.log(100), leading: 'errors' },
    units: { stable: 2_100, canary: 712 },
    srm: { logE: -1, threshold: Math.log(1_000) },
    metrics: [reading(), latencyReading],
    ...changes,
  }
}

/** A rollout in its second step of three. */
export function rollout(changes: Partial<Rollout> = {}): Rollout {
  return {
    id: 'shop-3',
    service: 'shop',
    number: 3,
    stable: 'v1',
    canary: 'v2',
    strategy: 'canary',
    phase: 'watching',
    attempt: 1,
    step: 1,
    steps: [
      { weightBp: 500, holdMs: 30_000, pause: false },
      { weightBp: 2_500, holdMs: 30_000, pause: false },
      { weightBp: 5_000, holdMs: 60_000, pause: true },
    ],
    evidenceMs: 18_000,
    reason: null,
    by: null,
    why: null,
    gate: null,
    hotfix: false,
    rivals: [],
    askedBp: 2_500,
    inForceBp: 2_500,
    sentence: 'Watching v2 at 25 %. No harm seen; errors needs more evidence before 50 %.',
    judgement: judgement(),
    exposedUnits: 712,
    exposedRequests: 980,
    startedAt: noon - 134_000,
    firstTrafficAt: noon - 130_000,
    decidedAt: null,
    lastCanaryRequestAt: null,
    endedAt: null,
    ...changes,
  }
}

/** A version with replicas that are ready. */
export function version(
  name: string,
  changes: Partial<VersionStatus> & { readonly ready?: number } = {},
): VersionStatus {
  const { ready = 1, ...rest } = changes
  return {
    name,
    role: 'idle',
    workload: ready > 0 ? 'ready' : 'absent',
    failure: null,
    replicas: Array.from({ length: ready }, (_, i) => ({
      id: `${name}/${i}`,
      state: 'ready' as const,
      endpoint: `http://127.0.0.1:${9_000 + i}`,
      restarts: 0,
      cpuPercent: 12.5,
      memoryBytes: 80_000_000,
      message: null,
    })),
    askedBp: 0,
    inForceBp: 0,
    splitPercent: null,
    inFlight: 0,
    live: { requestsPerSecond: 0, successPercent: null, p50Ms: null, p95Ms: null, p99Ms: null },
    ...rest,
  }
}

const live = { requestsPerSecond: 74.1, successPercent: 99.07, p50Ms: 12.2, p95Ms: 48.1, p99Ms: 71.9 }

/** A service in mid-rollout. Checked by the schema, so that a test cannot draw what the API would never say. */
export function service(changes: Partial<ServiceStatus> = {}): ServiceStatus {
  return ServiceStatus.parse({
    name: 'shop',
    address: 'http://127.0.0.1:8080',
    preview: null,
    stable: 'v1',
    rollout: rollout(),
    queue: [],
    freeze: null,
    versions: [
      version('v1', { role: 'stable', ready: 3, askedBp: 7_500, inForceBp: 7_500, splitPercent: 75.2, live }),
      version('v2', {
        role: 'canary',
        askedBp: 2_500,
        inForceBp: 2_500,
        splitPercent: 24.8,
        live: { ...live, requestsPerSecond: 24.4, successPercent: 98.78 },
      }),
      version('v3', { ready: 0 }),
    ],
    trouble: [],
    ...changes,
  })
}

/** A line of the journal, some seconds before noon. */
export function line(kind: string, data: JournalLine['data'], changes: Partial<JournalLine> = {}): JournalLine {
  return { seq: 1, at: noon, stream: 'rollout/shop-3', kind, actor: 'serin', data, hash: 'ab'.repeat(32), ...changes }
}

/** What is seen of the service. */
export function snapshot(status: ServiceStatus = service(), changes: Partial<Snapshot> = {}): Snapshot {
  return {
    status,
    journal: [
      line(
        'rollout.started',
        { why: 'ticket 7', plan: { canary: 'v2' } },
        { seq: 1, at: noon - 134_000, actor: 'admin' },
      ),
      line('routing.applied', { revision: 7, weights: { v1: 7_500, v2: 2_500 } }, { seq: 2, stream: 'service/shop' }),
      line(
        'rollout.judged',
        { judgement: { verdict: 'safe', sentence: 'Safe for 25 %: all is well.' } },
        { seq: 3, at: noon - 20_000 },
      ),
      line(
        'rollout.moved',
        {
          from: 'watching',
          to: 'watching',
          step: 1,
          weightBp: 2_500,
          event: 'judged',
          why: 'Safe for 25 %: all is well.',
        },
        { seq: 4, at: noon - 20_000 },
      ),
      line('rollout.judged', { judgement: judgement() }, { seq: 5, at: noon - 19_000 }),
    ],
    now: noon,
    heardAt: noon - 200,
    ...changes,
  }
}
