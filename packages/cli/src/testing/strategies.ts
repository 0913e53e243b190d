import type { Judgement, Rollout } from '@serin/spec'
import { judgement, latencyReading, noon, reading, rollout } from './statuses.ts'

/** The gate of people that is asked first in these tests. */
export const signOff: NonNullable<Rollout['gate']> = {
  name: 'sign-off',
  kind: 'approval',
  since: noon - 42_000,
  says: null,
  approvals: ['ann'],
  people: 2,
}

/** Blue-green before the switch: one gate has passed, people are asked, a window is to come. */
export function blueGreen(changes: Partial<Rollout> = {}): Rollout {
  return rollout({
    strategy: 'blue-green',
    step: 0,
    steps: [
      {
        weightBp: 0,
        holdMs: 0,
        pause: false,
        name: 'preview',
        gates: [
          { name: 'smoke', kind: 'command' },
          { name: 'sign-off', kind: 'approval' },
          { name: 'window', kind: 'window' },
        ],
      },
      { weightBp: 10_000, fromBp: 0, holdMs: 60_000, pause: false, name: 'switch', passes: 'no-harm' },
      { weightBp: 10_000, holdMs: 300_000, pause: false, name: 'bake', passes: 'no-harm' },
    ],
    gate: signOff,
    evidenceMs: 0,
    askedBp: 0,
    inForceBp: 0,
    sentence: 'v2 runs without traffic. Waiting for the gate "sign-off" (1 of 2 people).',
    judgement: judgement({ health: 'no-data', sentence: 'Canary gets no samples. Traffic stays as it is.' }),
    ...changes,
  })
}

/** What all traffic shows while canary bakes. */
export const alone: NonNullable<Judgement['alone']> = {
  requests: 4_210,
  errors: 21,
  percent: 0.499,
  limitPercent: 1.47,
  logE: Math.log(3),
  threshold: Math.log(100),
  sentence: 'With all traffic 0.50 % of 4210 requests fail; up to 1.47 % is as stable was.',
}

/** Blue-green with all traffic, before it is promoted. */
export function baking(changes: Partial<Rollout> = {}): Rollout {
  return blueGreen({
    step: 2,
    gate: null,
    evidenceMs: 120_000,
    askedBp: 10_000,
    inForceBp: 10_000,
    sentence: `v2 has all traffic and is watched for 5m before it is promoted. ${alone.sentence} 3m of evidence to go.`,
    judgement: judgement({ sentence: alone.sentence, alone, metrics: [reading({ verdict: 'safe' })] }),
    ...changes,
  })
}

/** Rolling, while the third copy comes up. */
export function rolling(changes: Partial<Rollout> = {}): Rollout {
  const batch = (up: number): Rollout['steps'][number] => ({
    weightBp: up * 2_500,
    holdMs: 30_000,
    pause: false,
    name: up === 4 ? 'all' : `${up} of 4`,
    passes: 'no-harm',
    canaryReplicas: up,
    stableReplicas: 4 - up || 1,
  })
  return rollout({
    strategy: 'rolling',
    step: 2,
    steps: [1, 2, 3, 4].map(batch),
    evidenceMs: 0,
    askedBp: 5_000,
    inForceBp: 5_000,
    sentence: 'v2 keeps 50 %. Waiting for 3 copies of it before 75 %.',
    judgement: judgement({ verdict: 'safe', sentence: 'No harm seen.', metrics: [latencyReading] }),
    ...changes,
  })
}

/** What the answers of copies show. */
export const mirror: NonNullable<Judgement['mirror']> = {
  sent: 2_100,
  dropped: 12,
  compared: 2_080,
  different: 9,
  differentStatus: 2,
  differentBody: 7,
  differentRatio: 9 / 2_080,
  interval: [0.0012, 0.0118],
  maxDifferentRatio: 0.01,
  verdict: 'undecided',
  harm: { logE: -1.2, threshold: Math.log(100), leading: 'different' },
  safety: { logE: Math.log(6), threshold: Math.log(20) },
  failures: { onlyCanary: 2, onlyStable: 1, logE: 0 },
  latency: { canary: { p50Ms: 12.1, p95Ms: 48.9 }, stable: { p50Ms: 12.4, p95Ms: 47 } },
  sentence:
    '9 of 2080 mirrored answers differ (0.43 %; 1.00 % may). Canary alone failed 2 times, stable alone 1 times. Not decided yet.',
}

/** Shadow: no share, copies of all requests. */
export function shadow(changes: Partial<Rollout> = {}): Rollout {
  return rollout({
    strategy: 'shadow',
    step: 0,
    steps: [{ weightBp: 0, holdMs: 600_000, pause: true, name: 'shadow', mirrorBp: 10_000 }],
    evidenceMs: 240_000,
    askedBp: 0,
    inForceBp: 0,
    sentence: `v2 answers copies. ${mirror.sentence}`,
    judgement: judgement({ sentence: mirror.sentence, mirror, metrics: [], forWeightBp: 10_000 }),
    ...changes,
  })
}

/** An experiment under way, its time over, its goal open. */
export function experiment(changes: Partial<Rollout> = {}): Rollout {
  const goal = 'Not decided yet whether canary is better at sales: 3765 of 20000 units.'
  const sales = reading({ name: 'sales', kind: 'observation', role: 'goal', unit: 'value', interval: [-0.1, 0.6] })
  return rollout({
    strategy: 'ab',
    step: 0,
    steps: [{ weightBp: 5_000, holdMs: 10_000, pause: false, name: 'experiment', passes: 'decided' }],
    evidenceMs: 30_000,
    askedBp: 5_000,
    inForceBp: 5_000,
    sentence: `Comparing v2 with v1 at 50 %. ${goal}`,
    judgement: judgement({
      sentence: goal,
      forWeightBp: 10_000,
      metrics: [sales, latencyReading],
      goal: {
        metric: 'sales',
        logE: Math.log(4),
        threshold: Math.log(20),
        units: 3_765,
        maxUnits: 20_000,
        verdict: 'undecided',
        sentence: goal,
      },
    }),
    ...changes,
  })
}
