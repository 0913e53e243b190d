import { createRankMixture, histogramOf, readRankMixture, updateRankMixture } from '@serin/stats'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playErrors, type ErrorDuel } from './error-runs.ts'
import { playCoins } from './harmless-runs.ts'
import { beginLatency, createScorer, playLatency } from './latency-runs.ts'
import { drawMs } from './laws.ts'
import { errorLimit, latencyLimit } from './limits.ts'
import { errorScenarios, latencyScenarios, type ErrorScenario } from './scenarios.ts'

const alpha = 0.01

function scenario(id: string): ErrorScenario {
  const found = errorScenarios.find((each) => each.id === id)
  assert.ok(found)
  return found
}

const duelOf = (id: string): ErrorDuel => playErrors(scenario(id), { runs: 400, alpha })

test('400 runs give the very means of the study on the same seeds', () => {
  const golden = [
    { id: 'E1', bound: 6.1, sprt: 8.9, mean: 10.54, p95: 25 },
    { id: 'E2', bound: 336.8, sprt: 363.8, mean: 456.77, p95: 1116 },
    { id: 'E4', bound: 122.8, sprt: 136.2, mean: 175.98, p95: 400 },
    { id: 'E5', bound: 1256.5, sprt: 1243.1, mean: 1630.5, p95: 3486 },
    { id: 'E17', bound: 3.7, sprt: 4.4, mean: 6.38, p95: 12 },
  ]
  for (const { id, bound, sprt, mean, p95 } of golden) {
    const duel = duelOf(id)
    assert.ok(Math.abs(errorLimit(scenario(id), alpha) - bound) <= 0.05, id)
    assert.ok(Math.abs(duel.sprt.mean - sprt) <= 0.051, `${id}: ${duel.sprt.mean}`)
    assert.ok(Math.abs(duel.one.mean - mean) <= 0.051, `${id}: ${duel.one.mean}`)
    assert.equal(duel.one.p95, p95)
    // The exact threshold is lower, so it is reached no later.
    assert.ok(duel.exact.found.mean <= duel.one.mean && duel.exact.missed === 0, id)
  }
})

test('the bound of latencies is that of the study', () => {
  const golden = { L1: 384, L2: 50.9, L3: 7.6, L4: 166, L4b: 558, L5: 112, L6: 138, L7: 93, L8: 365, L9: 49, L2a: 99 }
  for (const [id, bound] of Object.entries(golden)) {
    const found = latencyScenarios.find((each) => each.id === id)
    assert.ok(found)
    assert.ok(Math.abs(latencyLimit(found, alpha) - bound) <= 0.01 * bound, id)
  }
})

test('a latency test that is told the densities needs about the bound, and Serin not much more', () => {
  const found = latencyScenarios.find(({ id }) => id === 'L2')
  assert.ok(found)
  const bound = latencyLimit(found, alpha)
  const { one, sprt } = playLatency(found, { runs: 60, alpha })
  assert.ok(Math.abs(sprt.mean / bound - 1) < 0.4, String(sprt.mean))
  assert.ok(one.mean / bound < 2, String(one.mean))
})

test('the quick scorer of latencies is the test that ships, request by request', () => {
  const found = latencyScenarios.find(({ id }) => id === 'L4a')
  assert.ok(found)
  const { uniform, reference } = beginLatency(found, 1)
  const created = createRankMixture({ reference, restarts: null })
  assert.ok(created.ok)
  let state = created.state
  const scorer = createScorer(reference, found.share)
  // Stable's part is enough for the reference to be renewed twice.
  for (let i = 0; i < 4_500; i += 1) {
    const arm = uniform() < found.share ? 'canary' : 'stable'
    const ms = drawMs(found[arm], uniform)
    const none = histogramOf([])
    const batch = { canary: none, stable: none, [arm]: histogramOf([ms]), share: found.share, durationMs: 0 }
    const updated = updateRankMixture(state, batch)
    assert.ok(updated.ok)
    state = updated.state
    const logE = scorer.score(arm === 'canary', ms)
    assert.ok(Math.abs(logE - readRankMixture(state).logE) < 1e-6, `${i}: ${logE}`)
  }
})

test('of 2000 harmless canaries with 10 000 failures each, as many are rolled back as in the study', () => {
  assert.equal(playCoins({ runs: 2_000, alpha }).rolledBack, 11)
})
