import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricReading } from '../resources.ts'
import { oddsText } from './figures.ts'
import { metricSaid } from './metric.ts'
import { sentenceOf } from './phrase.ts'

const metricSentence = (read: Omit<MetricReading, 'sentence'>) => sentenceOf(metricSaid(read))

const reading: Omit<MetricReading, 'sentence'> = {
  name: 'errors',
  kind: 'errors',
  role: 'guardrail',
  verdict: 'undecided',
  stable: 0.51234,
  canary: 12.345,
  difference: 11.8,
  interval: null,
  intervalOf: 'ratio',
  unit: 'percent',
  allowed: 1,
  harm: { logE: 2, threshold: 5 },
  safety: { logE: -1, threshold: 3 },
  counts: { stable: 2_000, canary: 100, stableEvents: 10, canaryEvents: 12 },
  exact: true,
  missing: [],
}

test('odds are numbers people can use, and never longer than a billion', () => {
  assert.deepEqual([0, Math.log(2.5), Math.log(1_234.7), Math.log(1e9), 5_000, -3].map(oddsText), [
    '1.0 to 1',
    '2.5 to 1',
    '1,234 to 1',
    'more than 1,000,000,000 to 1',
    'more than 1,000,000,000 to 1',
    '0.0 to 1',
  ])
})

test('a metric says what was seen on both versions, and what it means', () => {
  const seen = 'errors: 12.3 % on canary (12 of 100) against 0.51 % on stable.'
  assert.equal(metricSentence(reading), `${seen} Not decided yet.`)
  assert.equal(
    metricSentence({ ...reading, verdict: 'harmful', harm: { logE: Math.log(500), threshold: 5 } }),
    `${seen} Canary is worse: the evidence is 500 to 1.`,
  )
  assert.equal(
    metricSentence({ ...reading, verdict: 'safe', safety: { logE: Math.log(30), threshold: 3 } }),
    `${seen} Canary is within what the next step allows (evidence 30 to 1).`,
  )
  assert.equal(metricSentence({ ...reading, missing: ['more units'] }), `${seen} Still needed: more units.`)
  assert.equal(metricSentence({ ...reading, stable: null }), 'errors: no samples of stable yet. Not decided yet.')
})

test('latency says the cut, and the quantile of both versions', () => {
  const slow = {
    ...reading,
    name: 'latency',
    kind: 'latency' as const,
    cut: { quantile: 0.95, cutMs: 134.2 },
    quantileMs: { stable: 133.9, canary: 260 },
  }
  assert.equal(
    metricSentence(slow),
    'latency: slower than 134 ms are 12.3 % on canary (12 of 100) against 0.51 % on stable; p95 is 260 ms against 134 ms. Not decided yet.',
  )
})
