import { test, type TestContext } from 'node:test'
import type { Rollout } from '@serin/spec'
import { judgement, latencyReading, noon, reading, rollout } from '../testing/statuses.ts'
import { explainLines } from './explain.ts'
import { createPaper } from './paper.ts'

function explains(t: TestContext, subject: Rollout): void {
  t.assert.snapshot(`\n${explainLines(subject, createPaper({ width: 80 })).join('\n')}\n`, { serializers: [String] })
}

test('a rollout under way: numbers, thresholds, and what is missing', (t) => explains(t, rollout()))

test('a rollout without evidence says so', (t) =>
  explains(
    t,
    rollout({ phase: 'preparing', step: null, judgement: null, sentence: 'Starting v2; v1 has all traffic.' }),
  ))

test('a rollout that was rolled back: what decided, who was exposed, when the last request came', (t) =>
  explains(
    t,
    rollout({
      phase: 'rolled-back',
      reason: 'harmful',
      step: null,
      askedBp: 0,
      inForceBp: null,
      attempt: 2,
      sentence: 'v2 was rolled back (harmful); v1 has all traffic: Harm is proved.',
      judgement: judgement({
        verdict: 'harmful',
        sentence: 'Harm is proved (2,909 to 1).',
        harm: { logE: Math.log(2_909), threshold: Math.log(100), leading: 'errors' },
        metrics: [
          reading({ verdict: 'harmful', harm: { logE: Math.log(5_817), threshold: Math.log(200) } }),
          latencyReading,
          reading({
            name: 'false-positives',
            kind: 'observation',
            role: 'monitor',
            exact: false,
            interval: [-0.4, null],
            intervalOf: 'difference',
            missing: ['more units: a few of them decide'],
          }),
        ],
      }),
      decidedAt: noon - 3_000,
      lastCanaryRequestAt: noon - 2_800,
      endedAt: noon - 2_000,
    }),
  ))

test('the answers of a language model: means with their unit, and how many were counted', (t) => {
  const counts = { stable: 920, canary: 480, stableEvents: 920, canaryEvents: 480 }
  const more = { kind: 'generation', exact: false, intervalOf: 'difference', counts } as const
  const gaps = {
    unit: 'ms',
    stable: 5.63,
    canary: 30.4,
    difference: 24.8,
    interval: [20.1, 29.5],
    allowed: 1.1,
  } as const
  const pace = { unit: 'value', stable: 84, canary: 91, difference: 7, allowed: 17 } as const
  const metrics = [
    reading({ name: 'inter-token-latency', ...more, ...gaps, interval: [20.1, 29.5], verdict: 'harmful' }),
    reading({ name: 'tokens-per-second', role: 'monitor', ...more, ...pace, interval: [-2, 16] }),
  ]
  explains(t, rollout({ judgement: judgement({ metrics }) }))
})

test('with the judge kayenta: its score decides, the evidence is only shown, and nothing is promised', (t) =>
  explains(
    t,
    rollout({
      judgement: judgement({
        sentence:
          'Not decided; the next judgement comes in 10 points. Kayenta score 80 (pass 95, marginal 75): errors Pass, latency High.',
        kayenta: {
          verdict: 'undecided',
          score: 80,
          pass: 95,
          marginal: 75,
          failed: null,
          points: 20,
          looks: 2,
          nextLookIn: 10,
          groups: [
            { name: 'Errors', score: 100, weight: 60 },
            { name: 'Latency', score: 50, weight: 40 },
          ],
          metrics: [
            {
              name: 'errors',
              groups: ['Errors'],
              label: 'Pass',
              critical: false,
              muted: false,
              reason: 'No deviation that counts.',
              effect: 1.04,
              mean: { stable: 1.2, canary: 1.25 },
              count: { stable: 20, canary: 19 },
            },
          ],
        },
      }),
    }),
  ))

test('an undo needs no evidence', (t) =>
  explains(
    t,
    rollout({
      strategy: 'instant',
      steps: [],
      step: null,
      phase: 'promoted',
      judgement: null,
      exposedUnits: 0,
      exposedRequests: 0,
      sentence: 'v1 is promoted and has all traffic.',
      stable: 'v2',
      canary: 'v1',
      decidedAt: noon - 3_000,
      endedAt: noon - 2_000,
    }),
  ))
