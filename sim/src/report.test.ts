import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostAllowed } from './budget.ts'
import { worldNamed } from './campaign.ts'
import { reportOf, reportText } from './report.ts'
import type { Outcome } from './scenario.ts'

const fine: Outcome = {
  scenario: 'same',
  seed: 1,
  end: 'promoted',
  reason: null,
  sentence: 'v2 is promoted and has all traffic.',
  version: 'v2',
  decidedAfterMs: 60_000,
  exposedRequests: 4_000,
  exposedUnits: 4_000,
  turnedAway: 0,
  highestBp: 10_000,
  switchMs: 0,
  violations: [],
  journalEntries: 20,
  journalHash: '00',
  lives: 1,
  fenced: 0,
  worldMs: 80_000,
}
const rolledBack: Outcome = { ...fine, end: 'rolled-back', reason: 'harmful', sentence: 'Harm is proved.' }
const runs = (bad: number): Outcome[] =>
  Array.from({ length: 200 }, (_, i) => ({ ...(i < bad ? rolledBack : fine), seed: i }))

test('false rollbacks of a healthy version fail once there are more than the budget explains', () => {
  const world = worldNamed('same')
  assert.deepEqual(reportOf(world, runs(8)).failures, [])
  const { failures, falseRollbacks, allowed, ends } = reportOf(world, runs(9))
  assert.deepEqual([failures.length, falseRollbacks, allowed], [9, 9, 8])
  assert.deepEqual(ends, { 'rolled-back (harmful)': 9, promoted: 191 })
})

test('a harmful version that is promoted fails at once, and the failure says how to see it again', () => {
  const report = reportOf(worldNamed('wrong-answers'), [{ ...fine, scenario: 'wrong-answers', seed: 7 }])
  assert.match(reportText(report, 'It is rolled back.'), /expected a rollback for harm, got promoted/)
  assert.equal(report.failures[0]?.replay, 'npm run -s sim -- --world wrong-answers --from 7 --seeds 1 --journal')
})

test('where a guardrail has a guarantee, harmful versions fail once more are promoted than it explains', () => {
  const world = worldNamed('slow-tail')
  const promotedOf = (count: number): Outcome[] =>
    Array.from({ length: 200 }, (_, i) => ({ ...(i < count ? fine : rolledBack), scenario: 'slow-tail', seed: i }))
  const allowed = mostAllowed(200, world.falsePromotionRatio ?? 0)
  assert.ok(allowed > 0 && allowed < 100)
  assert.deepEqual(reportOf(world, promotedOf(allowed)).failures, [])
  assert.equal(reportOf(world, promotedOf(allowed + 1)).failures.length, allowed + 1)
})

test('a broken promise fails whatever the end was', () => {
  const violations = ['at 3 s: canary was given 9000 bp; the step asked for less']
  assert.deepEqual(reportOf(worldNamed('bad-day'), [{ ...fine, violations }]).failures[0]?.what, violations)
})
