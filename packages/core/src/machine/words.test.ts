import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plan, states } from './testing/cells.ts'
import { rolloutSentence } from './words.ts'

test('every phase says in one sentence whether it is all right', () => {
  const said = Object.values(states).map((state) => rolloutSentence(state, plan, null))
  assert.deepEqual(said, [
    'Starting v2; v1 has all traffic.',
    'Watching v2 at 5 %. Waiting for the first evidence.',
    'Holding v2 at 5 %, by ann: looking.',
    'Promoting v2 to 100 %: looking.',
    'Rolling back to v1: looking.',
    'v2 is promoted and has all traffic.',
    'v2 was rolled back (aborted); v1 has all traffic: looking.',
  ])
})

test('what was judged is told, and how long the step still needs when it is safe', () => {
  const judgement = {
    at: 0,
    verdict: 'safe',
    health: 'ok',
    sentence: 'Safe for 25 %: every guardrail is within its margin.',
    forWeightBp: 2_500,
    harm: { logE: 0, threshold: 4.6, leading: null },
    units: { stable: 100, canary: 5 },
    srm: { logE: 0, threshold: 6.9 },
    metrics: [],
  } as const
  const at = { ...states.watching, evidenceMs: 15_000 }
  assert.equal(
    rolloutSentence(at, plan, { ...judgement, metrics: [] }),
    'Watching v2 at 5 %. Safe for 25 %: every guardrail is within its margin. 45s of evidence to go.',
  )
  assert.equal(
    rolloutSentence(at, plan, { ...judgement, verdict: 'undecided', sentence: 'No harm seen.', metrics: [] }),
    'Watching v2 at 5 %. No harm seen.',
  )
  const held = { ...states.holding, step: -1, by: 'ann', why: '' }
  assert.equal(rolloutSentence(held, plan, null), 'Held before any traffic by ann.')
})
