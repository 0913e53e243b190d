import type { MetricReading, Rollout, RolloutPoint } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asItWas, bandOf, joined, observedAt } from './trail.ts'

type Facts = Partial<Omit<RolloutPoint, 'judgement'>> & { readonly metric?: Partial<MetricReading> }

function pointAt(at: number, { metric, ...facts }: Facts = {}): RolloutPoint {
  const rest = { phase: 'watching', step: 0, askedBp: 500, inForceBp: 500, splitPercent: null } as const
  const judgement =
    metric === undefined ? null : ({ metrics: [{ name: 'errors', ...metric }] } as RolloutPoint['judgement'])
  return { at, sentence: `at ${at}`, reason: null, ...rest, ...facts, judgement }
}

test('what the control plane kept and what the page saw are one trail', () => {
  const both = joined([pointAt(1), pointAt(3)], [pointAt(2), pointAt(3), pointAt(4)])
  assert.deepEqual(
    both.map(({ at }) => at),
    [1, 2, 3, 4],
  )
})

test('a moment of the past is shown as it was, and nothing of it as over', () => {
  const trail = [pointAt(10), pointAt(20, { phase: 'rolled-back', step: null, askedBp: 0 })]
  const rollout = { id: 'shop-1', phase: 'rolled-back', endedAt: 20, gate: null } as Rollout
  assert.deepEqual(
    [15, 20, 5].map((at) => asItWas(rollout, trail, at).phase),
    ['watching', 'rolled-back', 'watching'],
  )
  assert.deepEqual([asItWas(rollout, trail, 15).sentence, asItWas(rollout, trail, 15).endedAt], ['at 10', null])
  assert.equal(asItWas(rollout, [], 15), rollout)
})

test('a band is drawn on one scale, although its metric changed from differences to factors', () => {
  const reading = { stable: 10, canary: 20, difference: 10 }
  const trail = [
    pointAt(1, { metric: { ...reading, interval: [-5, 30], intervalOf: 'difference' } }),
    pointAt(2, { metric: { ...reading, interval: [1.1, 3], intervalOf: 'ratio' } }),
    pointAt(3),
  ]
  assert.deepEqual(bandOf(trail, 'errors', 'ratio'), [
    { at: 1, step: 0, value: 2, low: null, high: null },
    { at: 2, step: 0, value: 2, low: 1.1, high: 3 },
  ])
  assert.deepEqual(
    bandOf(trail, 'errors', 'difference').map(({ low }) => low),
    [-5, null],
  )
})

test('what was observed at a step is what was seen while it was watched, not while traffic left', () => {
  const trail = [
    pointAt(1, { splitPercent: 4.9 }),
    pointAt(2, { splitPercent: 5.1 }),
    pointAt(3, { splitPercent: 1, phase: 'rolling-back' }),
  ]
  assert.deepEqual([observedAt(trail, 0), observedAt(trail, 1)], [5.1, null])
})
