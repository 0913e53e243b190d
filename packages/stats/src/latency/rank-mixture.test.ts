import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { replayed } from '../testing/arbitraries.ts'
import { normal, xoshiro, type Uniform } from '../seeded/xoshiro.ts'
import { BIN_COUNT, emptyHistogram, histogramOf, mergeHistograms, type LogHistogram } from './log-histogram.ts'
import { rankItems, slowShapes } from './rank-items.ts'
import {
  createRankMixture,
  readRankMixture,
  renewReference,
  updateRankMixture,
  type RankMixtureState,
} from './rank-mixture.ts'

type Draw = (uniform: Uniform) => number
const logNormal =
  (median: number, spread = 0.6): Draw =>
  (uniform) =>
    median * Math.exp(spread * normal(uniform))
const sample = (uniform: Uniform, draw: Draw, count: number): number[] =>
  Array.from({ length: count }, () => draw(uniform))

function started(reference: LogHistogram, restarts: { readonly fraction: number } | null = null): RankMixtureState {
  const created = createRankMixture({ reference, restarts })
  assert.ok(created.ok, 'message' in created ? created.message : '')
  return created.state
}

function play(
  state: RankMixtureState,
  arms: { readonly canary: readonly number[]; readonly stable: readonly number[] },
  share: number | null,
): RankMixtureState {
  const updated = updateRankMixture(state, {
    canary: histogramOf(arms.canary),
    stable: histogramOf(arms.stable),
    share,
  })
  assert.ok(updated.ok, 'message' in updated ? updated.message : '')
  return updated.state
}

const shapes: Readonly<Record<string, LogHistogram>> = {
  lognormal: histogramOf(sample(xoshiro(1), logNormal(100), 10_000)),
  'two modes': histogramOf([
    ...sample(xoshiro(2), logNormal(20, 0.1), 900),
    ...sample(xoshiro(3), logNormal(2_000), 100),
  ]),
  'one value': histogramOf(Array.from({ length: 300 }, () => 5)),
  'beyond the scale': histogramOf([0, 1e-9, ...Array.from({ length: 300 }, () => 1e9)]),
}

test('every item rises with the latency, whatever the reference looks like: its validity rests on nothing else', () => {
  for (const [name, reference] of Object.entries(shapes)) {
    const { logRatios, logWeights } = rankItems(reference)
    assert.equal(logRatios.length, slowShapes.length)
    const total = logWeights.reduce((sum, value) => sum + Math.exp(value), 0)
    assert.ok(Math.abs(total - 1) < 1e-12)
    for (const [item, ratios] of logRatios.entries()) {
      assert.equal(ratios.length, BIN_COUNT)
      for (const [bin, ratio] of ratios.entries()) {
        assert.ok(Number.isFinite(ratio), `${name}, item ${item}, bin ${bin}: ${ratio}`)
        assert.ok(bin === 0 || ratio >= (ratios[bin - 1] ?? 0), `${name}, item ${item} falls at bin ${bin}`)
      }
    }
  }
})

const values = [3, 60, 100, 101, 160, 900, 5_000]

test('when both versions draw from one law the expectation is exactly 1: over arms at a known share, over deals at an unknown one', () => {
  const state = started(shapes['lognormal'] ?? emptyHistogram())
  const share = 0.3
  const byCount = new Map<number, number[]>()
  let expected = 0
  for (let mask = 0; mask < 2 ** values.length; mask += 1) {
    const canary = values.filter((_, i) => (mask >> i) % 2 === 1)
    const stable = values.filter((_, i) => (mask >> i) % 2 === 0)
    const chance = share ** canary.length * (1 - share) ** stable.length
    expected += chance * Math.exp(readRankMixture(play(state, { canary, stable }, share)).logE)
    const own = byCount.get(canary.length) ?? []
    own.push(Math.exp(readRankMixture(play(state, { canary, stable }, null)).logE))
    byCount.set(canary.length, own)
  }
  assert.ok(Math.abs(expected - 1) < 1e-9, `${expected}`)
  for (const [dealt, own] of byCount) {
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length
    assert.ok(Math.abs(mean - 1) < 1e-9, `${dealt} canary requests: ${mean}`)
  }
})

test('a faster request of the canary, or a slower one of stable, never adds evidence', () => {
  const reference = started(shapes['lognormal'] ?? emptyHistogram())
  const ms = fc.double({ min: 0.5, max: 20_000, noNaN: true })
  const some = fc.array(ms, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(some, some, ms, fc.constantFrom(0.05, 0.5, null), (canary, stable, other, share) => {
      const [first = 0, ...rest] = canary
      const [low, high] = [Math.min(first, other), Math.max(first, other)]
      const at = (canary: number[], stable: number[]): number =>
        readRankMixture(play(reference, { canary, stable }, share)).logE
      assert.ok(at([low, ...rest], stable) <= at([high, ...rest], stable) + 1e-9)
      assert.ok(at(rest, [high, ...stable]) <= at(rest, [low, ...stable]) + 1e-9)
    }),
    { seed: 5, numRuns: 60 },
  )
})

test('the share realised in a slot is no share known before: used as one it would invent evidence', () => {
  const state = started(shapes['lognormal'] ?? emptyHistogram())
  const expected = (share: number | null): number => {
    const deals = [
      { canary: [20], stable: [2_000] },
      { canary: [2_000], stable: [20] },
    ]
    return deals.reduce((sum, arms) => sum + Math.exp(readRankMixture(play(state, arms, share)).logE) / 2, 0)
  }
  assert.ok(expected(0.5) > 1.2, `${expected(0.5)}`)
  assert.ok(Math.abs(expected(null) - 1) < 1e-12, `${expected(null)}`)
})

test('what is read says which way of being slower it is', () => {
  const reference = shapes['lognormal'] ?? emptyHistogram()
  const uniform = xoshiro(0x60)
  let shifted = started(reference, { fraction: 0.5 })
  let part = started(reference, { fraction: 0.5 })
  for (let second = 0; second < 20; second += 1) {
    const stable = sample(uniform, logNormal(100), 380)
    shifted = play(shifted, { canary: sample(uniform, logNormal(180), 20), stable }, null)
    const some: Draw = (uniform) => logNormal(100)(uniform) * (uniform() < 0.05 ? 10 : 1)
    part = play(part, { canary: sample(uniform, some, 20), stable }, null)
  }
  const [all, few] = [readRankMixture(shifted), readRankMixture(part)]
  assert.ok(all.logE > Math.log(1_000) && all.shape.kind === 'shift', JSON.stringify(all))
  assert.ok(few.logE > Math.log(1_000) && few.shape.kind === 'part' && few.shape.times === 10, JSON.stringify(few))
  assert.ok(all.shapeShare > 0.3 && all.shapeShare <= 1)
  assert.deepEqual([all.canary, all.stable], [400, 7_600])
})

test('the state is small, plain JSON, and replays bit by bit from where it was stored', () => {
  const uniform = xoshiro(0x70)
  let state = started(shapes['lognormal'] ?? emptyHistogram(), { fraction: 0.5 })
  let stored = state
  for (let second = 0; second < 12; second += 1) {
    const arms = { canary: sample(uniform, logNormal(110), 20), stable: sample(uniform, logNormal(100), 380) }
    state = play(state, arms, null)
    stored = play(replayed(stored), arms, null)
  }
  assert.deepEqual(stored, state)
  assert.ok(JSON.stringify(state).length < 6_000, `${JSON.stringify(state).length} characters`)
})

test('the reference follows stable, remembers about ten thousand latencies, and learns only for later slots', () => {
  const old = shapes['lognormal'] ?? emptyHistogram()
  const fresh = (count: number): LogHistogram => histogramOf(sample(xoshiro(9), logNormal(1_000), count))
  const total = ({ bins }: LogHistogram): number => bins.reduce((sum, [, count]) => sum + count, 0)
  assert.equal(renewReference(old, fresh(999)), old)
  const renewed = renewReference(old, fresh(1_000))
  assert.equal(total(renewed), 10_000)
  assert.equal(total(renewReference(histogramOf(sample(xoshiro(8), logNormal(5), 300)), fresh(1_500))), 1_800)
  const slow = ({ bins }: LogHistogram): number => bins.reduce((sum, [bin, count]) => sum + (bin > 900 ? count : 0), 0)
  const replaced = renewReference(old, fresh(25_000))
  assert.equal(total(replaced), 10_000)
  assert.ok(Math.abs(slow(replaced) / 10_000 - slow(fresh(25_000)) / 25_000) < 0.01)
  // The slot that renews the reference is scored with the one before.
  const arms = { canary: sample(xoshiro(4), logNormal(100), 50), stable: sample(xoshiro(5), logNormal(100), 1_500) }
  const [before, after] = [started(old), play(started(old), arms, null)]
  assert.notDeepEqual(after.reference, before.reference)
  const unchanged = play({ ...before, pending: emptyHistogram() }, arms, null)
  assert.equal(readRankMixture(after).logE, readRankMixture(unchanged).logE)
})

test('shards of a slot add up before they are scored', () => {
  const uniform = xoshiro(0x80)
  const state = started(shapes['lognormal'] ?? emptyHistogram())
  const parts = Array.from({ length: 3 }, () => histogramOf(sample(uniform, logNormal(130), 10)))
  const stable = histogramOf(sample(uniform, logNormal(100), 100))
  const merged = updateRankMixture(state, { canary: parts.reduce(mergeHistograms), stable, share: null })
  const other = updateRankMixture(state, { canary: [...parts].reverse().reduce(mergeHistograms), stable, share: null })
  assert.ok(merged.ok && other.ok)
  assert.deepEqual(merged.state, other.state)
})

test('too small a reference and slots that cannot be true are refused', () => {
  const few = createRankMixture({ reference: histogramOf(sample(xoshiro(1), logNormal(9), 199)) })
  assert.ok(!few.ok && few.reason === 'insufficient')
  const state = started(shapes['lognormal'] ?? emptyHistogram())
  const empty = emptyHistogram()
  for (const [batch, why] of [
    [{ canary: { scheme: 'log-1.02', bins: [[4, 1.5]] }, stable: empty, share: null }, 'a fraction of a request'],
    [{ canary: { scheme: 'log-1.02', bins: [[4, -1]] }, stable: empty, share: null }, 'a negative count'],
    [{ canary: empty, stable: empty, share: 0 }, 'a share of 0'],
    [{ canary: empty, stable: empty, share: 1 }, 'a share of 1'],
    [{ canary: empty, stable: empty, share: Number.NaN }, 'no share'],
    [{ canary: empty, stable: empty, share: null, durationMs: -1 }, 'a negative time'],
  ] as const) {
    const updated = updateRankMixture(state, batch)
    assert.ok(!updated.ok && updated.reason === 'invalid', why)
  }
  const idle = updateRankMixture(state, { canary: empty, stable: empty, share: null })
  assert.ok(idle.ok && Math.abs(readRankMixture(idle.state).logE) < 1e-12)
})
