import { xoshiro, type Uniform } from '@serin/stats/seeded'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aloneLimit, foldAlone, readAlone, type AloneState, type Failures } from './alone.ts'
import { errors, latency, setupOf } from './testing/setups.ts'
import { emptyArm } from './testing/traffic.ts'

const before: Failures = { requests: 20_000, errors: 100 }
const setup = setupOf({ before })
const limit = aloneLimit(errors, before)
const threshold = Math.log(20)
const none: Failures = { requests: 0, errors: 0 }

function slot(randomised: number, randomisedErrors: number) {
  return { arm: { ...emptyArm(0), randomised, randomisedErrors }, durationMs: 1_000 }
}

/** Seconds until harm is proved, or null. Every second up to forty requests; `fails` of them. */
function provedAfter(seed: number, seconds: number, fails: (uniform: Uniform, requests: number) => number) {
  const uniform = xoshiro(seed * 104_729 + 7)
  let state: AloneState | undefined
  for (let second = 1; second <= seconds; second += 1) {
    const requests = 1 + Math.floor(uniform() * 40)
    state = foldAlone(setup, state, none, slot(requests, fails(uniform, requests)))
    if (state !== undefined && readAlone(state, threshold).logE >= threshold) return second
  }
  return null
}

const each =
  (chance: number) =>
  (uniform: Uniform, requests: number): number =>
    Array.from({ length: requests }, () => uniform()).filter((drawn) => drawn < chance).length

test('at the limit, also when failures come together, harm is said in less than one case of twenty', () => {
  const runs = 150
  const together = (uniform: Uniform, requests: number): number => (uniform() < limit ? requests : 0)
  for (const fails of [each(limit), together, each(before.errors / before.requests)]) {
    let alarms = 0
    for (let seed = 0; seed < runs; seed += 1) if (provedAfter(seed, 300, fails) !== null) alarms += 1
    assert.ok(alarms <= runs / 20, `${alarms} of ${runs}`)
  }
})

test('harm with all traffic is found: soon when it is large, and also when it comes late', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    assert.ok((provedAfter(seed, 20, each(0.5)) ?? Infinity) <= 20)
    assert.notEqual(provedAfter(seed, 300, each(8 * limit)), null)
    let second = 0
    const late = (uniform: Uniform, requests: number): number => {
      second += 1
      return each(second > 600 ? 0.3 : 0.001)(uniform, requests)
    }
    const found = provedAfter(seed, 660, late)
    assert.ok(found !== null && found > 600, `${found}`)
  }
})

const failures = fc
  .tuple(fc.nat(1_000_000), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([requests, part]) => ({ requests, errors: Math.floor(requests * part) }))

test('the limit is what stable may have had failing and the margin on top, never more than half, and half where stable is not known', () => {
  fc.assert(
    fc.property(failures, ({ requests, errors: failed }) => {
      const found = aloneLimit(errors, { requests, errors: failed })
      assert.ok(found > 0 && found <= 0.5)
      if (requests < 5) return assert.equal(found, 0.5)
      const ratio = failed / requests
      if (found < 0.5) assert.ok(found >= Math.max(ratio * 1.25, ratio + 0.005))
      // The same part of ten times as many is known better.
      assert.ok(aloneLimit(errors, { requests: requests * 10, errors: failed * 10 }) <= found + 1e-12)
    }),
  )
})

test('the limit is frozen with the first second, silence says nothing, and without failed requests to watch there is nothing to read', () => {
  const first = foldAlone(setup, undefined, none, slot(10, 0))
  assert.equal(first?.test.limit, limit)
  const second = foldAlone(setup, first, { requests: 5, errors: 5 }, slot(10, 10))
  assert.deepEqual([second?.test.limit, second?.requests, second?.errors], [limit, 20, 10])
  assert.equal(foldAlone(setup, first, none, slot(0, 0)), first)
  assert.equal(foldAlone(setup, undefined, none, slot(0, 0)), undefined)
  assert.equal(foldAlone(setupOf({ before, metrics: { latency } }), undefined, none, slot(10, 10)), undefined)
})

test('what stable did during the rollout counts with what it did before', () => {
  const during: Failures = { requests: 20_000, errors: 1_900 }
  const state = foldAlone(setup, undefined, during, slot(10, 0))
  assert.equal(state?.test.limit, aloneLimit(errors, { requests: 40_000, errors: 2_000 }))
})

test('it is told in one sentence, whichever way it went', () => {
  const state = foldAlone(setup, undefined, none, slot(200, 1))
  assert.ok(state !== undefined)
  assert.match(
    readAlone(state, threshold).sentence,
    /^With all traffic 0\.50 % of 200 requests fail; up to .* is as stable was\.$/,
  )
  assert.match(readAlone(state, -1).sentence, /more than the .* that stable would have had at most/)
})
