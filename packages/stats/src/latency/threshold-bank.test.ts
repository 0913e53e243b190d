import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { binomial, normal, xoshiro, type Uniform } from '../seeded/xoshiro.ts'
import { emptyHistogram, histogramOf, mergeHistograms, upperEdgeMs, type LogHistogram } from './log-histogram.ts'
import {
  createThresholdBank,
  readThresholdBank,
  updateThresholdBank,
  type ThresholdBankState,
} from './threshold-bank.ts'

const long = process.env['SERIN_LONG'] === '1'

const logNormal =
  (factor: number, spread = 0.6) =>
  (uniform: Uniform): number =>
    100 * factor * Math.exp(spread * normal(uniform))

function bankOf(baseline: LogHistogram): ThresholdBankState {
  const bank = createThresholdBank({ baseline })
  assert.ok(bank.ok, 'message' in bank ? bank.message : '')
  return bank.state
}

const sample = (uniform: Uniform, draw: (uniform: Uniform) => number, count: number): LogHistogram =>
  histogramOf(Array.from({ length: count }, () => draw(uniform)))

/** Seconds until the bank proves harm at 1 %, at 200 requests per second and a share; null within the time given. */
function secondsToHarm(
  seed: number,
  canary: (uniform: Uniform) => number,
  { share = 0.1, seconds = 120 }: { readonly share?: number; readonly seconds?: number } = {},
): number | null {
  const uniform = xoshiro(seed)
  let bank = bankOf(sample(uniform, logNormal(1), 20_000))
  for (let second = 1; second <= seconds; second += 1) {
    const requests = binomial(uniform, 200, share)
    const updated = updateThresholdBank(bank, {
      canary: sample(uniform, canary, requests),
      stable: sample(uniform, logNormal(1), 200 - requests),
    })
    assert.ok(updated.ok)
    bank = updated.state
    if (readThresholdBank(bank).logEHarm >= Math.log(100)) return second
  }
  return null
}

const runs = long ? 300 : 30
const seconds = (canary: (uniform: Uniform) => number): readonly (number | null)[] =>
  Array.from({ length: runs }, (_, run) => secondsToHarm(0xb4000 + run, canary))

function median(all: readonly (number | null)[]): number {
  const sorted = all.map((each) => each ?? Infinity).sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Infinity
}

test('the same latency, and a faster one, is hardly ever called slow', () => {
  for (const draw of [logNormal(1), logNormal(0.8)]) {
    const found = seconds(draw).filter((each) => each !== null).length
    assert.ok(found <= Math.max(1, 0.02 * runs), `${found} of ${runs}`)
  }
})

test('30 % slower is found in seconds, and a tail that only one request in fifty meets within a minute', () => {
  assert.ok(median(seconds(logNormal(1.3))) <= 16)
  const tail = (uniform: Uniform): number => logNormal(1)(uniform) * (uniform() < 0.02 ? 10 : 1)
  assert.ok(median(seconds(tail)) <= 40)
})

test('cuts are frozen at the quantiles of stable that its traffic allows', () => {
  const uniform = xoshiro(3)
  const wanted = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]
  const full = bankOf(sample(uniform, logNormal(1), 20_000))
  assert.deepEqual(
    full.cuts.map((cut) => cut.quantile),
    wanted,
  )
  for (const cut of full.cuts) assert.ok(Math.abs(1 - cut.baselineShare - (cut.quantile ?? 0)) < 0.03)
  const small = bankOf(sample(uniform, logNormal(1), 300))
  assert.deepEqual(
    small.cuts.map((cut) => cut.quantile),
    [0.5, 0.75, 0.9, 0.95],
    'five exceedances are needed to know a quantile',
  )
  const flat = bankOf(histogramOf(Array.from({ length: 1_000 }, () => 5)))
  assert.equal(flat.cuts.length, 1, 'one cut when all are alike')
  const few = createThresholdBank({ baseline: sample(uniform, logNormal(1), 199) })
  assert.ok(!few.ok && few.reason === 'insufficient')
  const objective = createThresholdBank({ baseline: emptyHistogram(), cutsMs: [250] })
  assert.ok(objective.ok && objective.state.cuts[0]?.quantile === null && objective.state.cuts[0].cutMs >= 250)
  assert.throws(() => createThresholdBank({ baseline: emptyHistogram(), cutsMs: [-1] }), RangeError)
  assert.throws(() => createThresholdBank({ baseline: sample(uniform, logNormal(1), 500), quantiles: [1] }), RangeError)
})

test('shards of a second add up before they are scored, and readings say what was counted', () => {
  const uniform = xoshiro(5)
  const bank = bankOf(sample(uniform, logNormal(1), 5_000))
  const parts = Array.from({ length: 4 }, () => sample(uniform, logNormal(1.2), 25))
  const stable = sample(uniform, logNormal(1), 400)
  const whole = updateThresholdBank(bank, { canary: parts.reduce(mergeHistograms), stable })
  assert.ok(whole.ok)
  const reading = readThresholdBank(whole.state)
  assert.deepEqual([reading.canary, reading.stable], [100, 400])
  for (const cut of reading.cuts) {
    assert.ok(cut.canarySlower <= 100 && cut.stableSlower <= 400)
    assert.equal(upperEdgeMs(bank.cuts.find(({ cutMs }) => cutMs === cut.cutMs)?.bin ?? 0), cut.cutMs)
  }
  assert.deepEqual(JSON.parse(JSON.stringify(whole.state)), whole.state)
})

test('a batch that cannot be true is refused, and an empty one changes no evidence', () => {
  const bank = bankOf(sample(xoshiro(9), logNormal(1), 1_000))
  const torn = { scheme: 'log-1.02', bins: [[3, -1]] } as LogHistogram
  assert.equal(updateThresholdBank(bank, { canary: torn, stable: emptyHistogram() }).ok, false)
  assert.equal(
    updateThresholdBank(bank, { canary: emptyHistogram(), stable: emptyHistogram(), durationMs: -1 }).ok,
    false,
  )
  const idle = updateThresholdBank(bank, { canary: emptyHistogram(), stable: histogramOf([1e6]) })
  assert.ok(idle.ok && Math.abs(readThresholdBank(idle.state).logEHarm) < 1e-12)
})
