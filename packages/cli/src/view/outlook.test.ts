import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Judgement } from '@serin/spec'
import { outlookText } from './outlook.ts'

const judgement: Judgement = {
  at: 0,
  verdict: 'undecided',
  health: 'ok',
  sentence: '',
  forWeightBp: 2_500,
  harm: { logE: 0, threshold: 4.6, leading: null },
  units: { stable: 900, canary: 100 },
  srm: { logE: 0, threshold: 6.9 },
  metrics: [],
}

test('when the evidence may decide, rounded to what a guess is worth', () => {
  const said = (next: Judgement['next']) => outlookText({ ...judgement, next })
  assert.equal(
    said({ lookMs: 1_000, safeMs: 41_234, harmMs: null }),
    'Serin looks again within 1s; if the evidence goes on like this: safe in about 41s.',
  )
  assert.equal(
    said({ lookMs: 1_000, safeMs: 8_100_000, harmMs: 290_000 }),
    'Serin looks again within 1s; if the evidence goes on like this: safe in about 2h, harm proved in about 5m.',
  )
  assert.match(said({ lookMs: 1_000, safeMs: null, harmMs: null }), /does not grow towards either side yet\.$/)
  assert.equal(outlookText(judgement), '')
})

test('what a budget allows, and how likely the version is worse', () => {
  const ramp: Judgement['ramp'] = {
    budget: 100,
    spent: 3,
    perRequestUpTo: 0.004,
    requestsPerInterval: 3_000,
    growBp: 2_500,
    stayBp: 10_000,
    probability: 0.21,
    beyondMargin: 0.01,
    impact: 0.0022,
  }
  assert.equal(
    outlookText({ ...judgement, ramp }),
    'Of the budget of 100 failed requests 3.00 are spent. It allows to grow to 25 % and to stay up to 100 %; canary is worse with probability 21.0 %, by 0.22 points if so.',
  )
})
