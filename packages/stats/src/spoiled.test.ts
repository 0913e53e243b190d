import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as stats from './index.ts'
import type { Refusal, Updated } from './index.ts'

/** A call whose arguments are good; `signed` names the numbers among them that may be negative, `open` those that may be infinite too. */
interface Call {
  readonly with: unknown
  readonly run: (given: never) => unknown
  readonly signed?: RegExp
  readonly open?: RegExp
}

const call = <Given>(given: Given, run: (given: Given) => unknown, may: Pick<Call, 'signed' | 'open'> = {}): Call => ({
  with: given,
  run,
  ...may,
})

function good<State>(updated: Updated<State>): State {
  assert.ok(updated.ok, JSON.stringify(updated))
  return updated.state
}

const latencies = (count: number) => stats.histogramOf(Array.from({ length: count }, (_, i) => 50 + (i % 97)))
const [baseline, slot] = [latencies(3_000), latencies(40)]
const arrivals = { share: 0.2, canary: 3, stable: 9, durationMs: 500 }
const restarts = { fraction: 0.4, scaleMs: 30_000 }
const cells = Array.from({ length: 64 }, (_, i) => [i, (i % 5) + 1, 4] as const)
const arms = { canary: cells, stable: cells }
const ratioTest = good(stats.updateRatioTest(stats.createRatioTest({ worse: 'up', buckets: 64 }), arms))
const ratio = good(stats.updateRatio(stats.createRatio(), arrivals))
const period = { covariateUntilMs: 0, exposureFromMs: 1 }
const cuped = { units: 50, sum: 100, sumSquares: 400, preSum: 90, preSumSquares: 380, product: 300 }
const sample = { ok: true as const, units: 50, mean: 3, variance: 2 }
const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
const stagePlan = { requestsPerSecond: 50, share: 0.2, stableRate: 0.02, ratio: 3, alpha: 0.05, horizonMs: 60_000 }
const meanPlan = { variance: 2, effect: 0.4, alpha: 0.05, share: 0.4, varianceFactor: 1.5 }
const ratePlan = { rate: 0.1, effect: 0.05, alpha: 0.05, share: 0.4 }
const units = { stable: 60, canary: 40 }
const ratioSums = { units: 50, num: 100, numSquares: 300, den: 120, denSquares: 400, product: 260 }

const calls: Readonly<Record<string, Call>> = {
  // What comes in with the data.
  updateHarm: call(arrivals, (batch) => stats.updateHarm(stats.createHarm(), batch)),
  updateNonInferiority: call(arrivals, (batch) =>
    stats.updateNonInferiority(stats.createNonInferiority({ margin: 0.1 }), batch),
  ),
  updateRatio: call(arrivals, (batch) => stats.updateRatio(stats.createRatio(), batch)),
  updateLimit: call({ trials: 10, events: 2, durationMs: 500 }, (batch) =>
    stats.updateLimit(stats.createAboveLimit({ limit: 0.1 }), batch),
  ),
  updateMeanAbove: call({ value: 0.2, durationMs: 500 }, (batch) =>
    stats.updateMeanAbove(stats.createMeanAbove({ limit: 0.1 }), batch),
  ),
  updateTwoByTwo: call(
    { canary: { trials: 10, events: 2 }, stable: { trials: 30, events: 4 }, durationMs: 500 },
    (batch) => stats.updateTwoByTwo(stats.createTwoByTwo(), batch),
  ),
  updateBoundedMean: call({ canary: [0.2, 0.4], stable: [0.9] }, (batch) =>
    stats.updateBoundedMean(stats.createBoundedMean(), batch),
  ),
  updateThresholdBank: call({ canary: slot, stable: slot, durationMs: 500 }, (batch) =>
    stats.updateThresholdBank(good(stats.createThresholdBank({ baseline })), batch),
  ),
  updateRankMixture: call({ canary: slot, stable: slot, share: 0.5, durationMs: 500 }, (batch) =>
    stats.updateRankMixture(good(stats.createRankMixture({ reference: baseline })), batch),
  ),
  updateAllocation: call({ shares: [0.4, 0.6], counts: [4, 7] }, (batch) =>
    stats.updateAllocation(stats.createAllocation(), batch),
  ),
  addToBuckets: call(cells.slice(0, 2), (batch) => stats.addToBuckets(stats.emptyBuckets(), batch, 64), {
    signed: /\.1$/,
  }),
  updateRatioTest: call(
    { canary: cells.slice(0, 2), stable: cells.slice(0, 2), nonZero: { canary: 2, stable: 2 } },
    (batch) => stats.updateRatioTest(ratioTest, batch),
    { signed: /\.\d+\.1$/ },
  ),
  updateCupedTest: call(
    { canary: cells.slice(0, 2), stable: cells.slice(0, 2), covariates: [{ canary: cells.slice(0, 1), stable: [] }] },
    (batch) => stats.updateCupedTest(good(stats.createCupedTest({ worse: 'up', period, buckets: 64 })), batch),
    { signed: /\.\d+\.1$/ },
  ),
  toDense: call(slot, stats.toDense),
  checkHistogram: call(slot, (histogram) => stats.checkHistogram(histogram) ?? histogram),
  compareDistributions: call({ canary: slot, stable: slot }, (both) => stats.compareDistributions(both, 0.05)),
  quantileBand: call({ slot: latencies(100), q: 0.5, alpha: 0.05 }, ({ slot, q, alpha }) =>
    stats.quantileBand(slot, q, alpha),
  ),
  quantileInterval: call({ slot, q: 0.5, alpha: 0.05, plannedTrials: 100 }, ({ slot, q, ...options }) =>
    stats.quantileInterval(slot, q, options),
  ),
  shareInterval: call({ trials: 20, events: 3, alpha: 0.05, plannedTrials: 100 }, ({ trials, events, ...options }) =>
    stats.shareInterval({ trials, events }, options),
  ),
  sameQuantile: call([{ stable: 3, canary: 4 }], (cells) => stats.sameQuantile(cells, 0.5)),
  sameLatencyQuantile: call({ canary: slot, stable: slot }, (both) => stats.sameLatencyQuantile(both, 0.9)),
  stitchedBoundary: call(
    { v: 100, c: 3, alpha: 0.05, from: 10, s: 1.4, eta: 2 },
    ({ v, c, ...options }) => stats.stitchedBoundary(v, c, options),
    { signed: /c/ },
  ),
  quantileHalfWidth: call(
    { p: 0.9, n: 1_000, alpha: 0.05, from: 100, s: 1.4, eta: 2, delta: 0.5 },
    ({ p, n, ...options }) => stats.quantileHalfWidth(p, n, options),
  ),
  expectedEventsUpTo: call({ events: 3, alpha: 0.05 }, ({ events, alpha }) => stats.expectedEventsUpTo(events, alpha)),
  rampShares: call({ events: 100, spent: 3, harmUpTo: 0.1, trialsAhead: 3_000 }, stats.rampShares),
  riskOf: call({ difference: 0.01, standardError: 0.01, margin: 0.02 }, stats.riskOf, { signed: /difference/ }),
  sampleOfValues: call(values, stats.sampleOfValues, { signed: /./ }),
  sampleOfSums: call({ units: 50, sum: 100, sumSquares: 400 }, stats.sampleOfSums, { signed: /sum$/ }),
  sampleOfEvents: call({ units: 50, events: 4 }, stats.sampleOfEvents),
  sampleOfRatio: call(ratioSums, stats.sampleOfRatio, { signed: /num$|den$|product/ }),
  compareProportions: call(
    { stable: { units: 90, events: 20 }, canary: { units: 50, events: 14 }, alpha: 0.05 },
    ({ alpha, ...both }) => stats.compareProportions(both, { alpha }),
  ),
  fisherMidP: call({ stable: { units: 90, events: 20 }, canary: { units: 50, events: 14 } }, stats.fisherMidP),
  wilsonInterval: call({ units: 50, events: 4, z: 1.9 }, ({ z, ...of }) => stats.wilsonInterval(of, z), {
    signed: /z/,
  }),
  mannWhitney: call(
    { stable: values, canary: values.slice(2), alpha: 0.05 },
    ({ alpha, ...both }) => stats.mannWhitney(both, { alpha }),
    { signed: /stable|canary/ },
  ),
  quantileEstimate: call({ values, q: 0.5, alpha: 0.3 }, ({ values, ...how }) => stats.quantileEstimate(values, how), {
    signed: /values/,
  }),
  quantileEffect: call(
    { stable: { estimate: 4, low: 3, high: 5 }, canary: { estimate: 5, low: 4, high: 7 } },
    (both) => stats.quantileEffect(both),
    { signed: /./ },
  ),
  compareCuped: call(
    { stable: cuped, canary: cuped, theta: 0.5 },
    ({ theta, ...both }) => stats.compareCuped(both, { period, theta }),
    { signed: /um$|product|theta/ },
  ),
  cupedTheta: call({ stable: cuped, canary: cuped }, ({ stable, canary }) => stats.cupedTheta(stable, canary), {
    signed: /um$|quares|product/,
  }),
  compareMeans: call(
    { stable: sample, canary: { ...sample, mean: 4 }, alpha: 0.05 },
    ({ alpha, ...both }) => stats.compareMeans(both, { alpha }),
    { signed: /mean/ },
  ),
  effectSize: call({ stable: sample, canary: { ...sample, mean: 4 } }, stats.effectSize, { signed: /mean/ }),
  effectOf: call(
    { stable: { mean: 3, variance: 2 }, canary: { mean: 4, variance: 2 } },
    (both) => stats.effectOf(both, 'relative'),
    { signed: /mean/ },
  ),
  meanRatio: call([3, 4], ([stable = 0, canary = 0]) => stats.meanRatio(stable, canary), { signed: /./ }),
  relativeDifference: call([3, 4], ([stable = 0, canary = 0]) => stats.relativeDifference(stable, canary), {
    signed: /./,
  }),
  normalReading: call({ estimate: 1, standardError: 2 }, (effect) => stats.normalReading(effect), {
    signed: /estimate/,
  }),
  bayesReading: call(
    { effect: { estimate: 1, standardError: 2 }, prior: { mean: 0, variance: 2 }, alpha: 0.05 },
    ({ effect, ...options }) => stats.bayesReading(effect, options),
    { signed: /estimate|mean/ },
  ),
  effectFromInterval: call({ estimate: 1, low: 0, high: 2 }, (of) => stats.effectFromInterval(of, 0.05), {
    signed: /estimate|low/,
  }),
  holm: call([0.1, 0.02], stats.holm),
  benjaminiHochberg: call([0.1, 0.02], stats.benjaminiHochberg),
  eBenjaminiHochberg: call({ logE: [2, 3], q: 0.1 }, ({ logE, q }) => stats.eBenjaminiHochberg(logE, q), {
    signed: /logE/,
  }),
  adjustedInterval: call(
    { estimate: 2, pValue: 0.03, alpha: 0.05 },
    ({ estimate, ...how }) => stats.adjustedInterval(estimate, how),
    { signed: /estimate/ },
  ),
  combineEvidence: call(
    [
      { name: 'a', weight: 1, logE: 2 },
      { name: 'b', weight: 2, logE: 1 },
    ],
    stats.combineEvidence,
    {
      signed: /logE/,
    },
  ),
  closedAverage: call([2, 3], stats.closedAverage, { signed: /./ }),
  anytimePValue: call([2], ([peak = 0]) => stats.anytimePValue(peak), { signed: /./, open: /./ }),
  chiSquareFit: call({ observed: [4, 6], expected: [0.5, 0.5] }, ({ observed, expected }) =>
    stats.chiSquareFit(observed, expected),
  ),
  // What a plan or a programmer says.
  createHarm: call({ harmFrom: 1.2, restarts }, stats.createHarm),
  createNonInferiority: call({ margin: 0.2 }, stats.createNonInferiority),
  createAboveLimit: call({ limit: 0.1, restarts }, stats.createAboveLimit),
  createMeanAbove: call({ limit: 0.1, restarts }, stats.createMeanAbove),
  createBelowLimit: call({ limit: 0.1 }, stats.createBelowLimit),
  createTwoByTwo: call({ expectedRate: 0.3, restarts }, stats.createTwoByTwo),
  createBoundedMean: call({ alpha: 0.1, low: 0, high: 2 }, stats.createBoundedMean, { signed: /low/ }),
  createThresholdBank: call(
    { baseline, quantiles: [0.5], cutsMs: [80], minSamples: 200, margin: 0.2, harmFrom: 1.1, restarts },
    stats.createThresholdBank,
    { signed: /minSamples/, open: /minSamples/ },
  ),
  createRankMixture: call({ reference: baseline, minSamples: 200, restarts }, stats.createRankMixture, {
    signed: /minSamples/,
    open: /minSamples/,
  }),
  createAllocation: call({ concentrations: [100] }, stats.createAllocation),
  createRatioTest: call(
    { worse: 'up' as const, plannedEffect: 0.1, plannedEffectAbs: 1, buckets: 64 },
    stats.createRatioTest,
  ),
  createCupedTest: call(
    { worse: 'up' as const, plannedEffect: 0.1, plannedEffectAbs: 1, buckets: 64, covariates: 2 },
    (options) => stats.createCupedTest({ ...options, period }),
  ),
  readRatio: call({ alpha: 0.05 }, (options) => stats.readRatio(ratio, options)),
  readRatioNonInferiority: call({ margin: 0.2 }, (options) => stats.readRatioNonInferiority(ratio, options)),
  readRatioTest: call({ marginRatio: 0.1, marginAbs: 0, harmFrom: 0.1, alpha: 0.05 }, (question) =>
    stats.readRatioTest(ratioTest, question),
  ),
  exactThreshold: call({ share: 0.2, horizonEvents: 30, alpha: 0.05 }, ({ alpha, ...horizon }) =>
    stats.exactThreshold(horizon, alpha),
  ),
  chanceToReach: call(
    { share: 0.2, horizonEvents: 30, threshold: 2 },
    ({ threshold, ...horizon }) => stats.chanceToReach(horizon, threshold),
    { signed: /threshold/, open: /threshold/ },
  ),
  dkwConstant: call([0.05], ([alpha = 0]) => stats.dkwConstant(alpha)),
  dkwHalfWidth: call([100, 0.05, 60], ([n = 0, alpha = 0, from = 0]) => stats.dkwHalfWidth(n, alpha, from)),
  orderRanks: call({ units: 40, q: 0.5, alpha: 0.05 }, ({ units, ...how }) => stats.orderRanks(units, how)),
  meanPower: call({ plan: meanPlan, units }, ({ plan, units }) => stats.meanPower(plan, units), { signed: /effect/ }),
  meanSampleSize: call(meanPlan, (plan) => stats.meanSampleSize(plan), { signed: /effect/ }),
  meanDetectable: call({ variance: 2, alpha: 0.05, varianceFactor: 1.5, units }, ({ units, ...plan }) =>
    stats.meanDetectable(plan, units),
  ),
  proportionPower: call({ plan: ratePlan, units }, ({ plan, units }) => stats.proportionPower(plan, units)),
  proportionSampleSize: call(ratePlan, (plan) => stats.proportionSampleSize(plan)),
  proportionDetectable: call({ rate: 0.1, alpha: 0.05, units }, ({ units, ...plan }) =>
    stats.proportionDetectable(plan, units),
  ),
  studentPower: call(
    { variance: 2, effect: 0.4, alpha: 0.05, units },
    ({ units, ...plan }) => stats.studentPower(plan, units),
    { signed: /effect/ },
  ),
  studentSampleSize: call(
    { variance: 2, effect: 0.4, alpha: 0.05, share: 0.4 },
    (plan) => stats.studentSampleSize(plan),
    {
      signed: /effect/,
    },
  ),
  furtherPower: call({ variance: 2, scaling: 1, effect: 0.4, alpha: 0.05 }, stats.furtherPower, { signed: /effect/ }),
  planDurationMs: call({ unitsPerSecond: 4 }, (rate) =>
    stats.planDurationMs({ ok: true, stable: 10, canary: 10, total: 20 }, rate),
  ),
  harmForecast: call(stagePlan, (plan) => stats.harmForecast(plan)),
  nonInferiorityForecast: call({ ...stagePlan, ratio: 1, margin: 2 }, ({ margin, ...plan }) =>
    stats.nonInferiorityForecast(plan, { margin }),
  ),
}

/** Every number in the arguments, by its path. */
function paths(value: unknown, at = ''): readonly string[] {
  if (typeof value === 'number') return [at]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, `${at}.${key}`))
}

function spoil(value: unknown, [key, ...rest]: readonly string[], by: number): unknown {
  if (key === undefined) return by
  const inner = (value as Record<string, unknown>)[key]
  const changed = spoil(inner, rest, by)
  return Array.isArray(value)
    ? value.map((each: unknown, i) => (String(i) === key ? changed : each))
    : { ...(value as object), [key]: changed }
}

/** The answer, or null when the call was refused in one of the two ways the house knows. */
function answer(of: Call, given: unknown): unknown {
  try {
    const result = of.run(given as never) as { readonly ok?: boolean } | number
    if (typeof result === 'number' || result.ok !== false) return result
    const { reason, message } = result as Refusal
    assert.ok((reason === 'invalid' || reason === 'insufficient') && message.endsWith('.'), JSON.stringify(result))
    return null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

test('a number that is NaN, infinite or negative where it cannot be is refused wherever it stands', () => {
  const answered: string[] = []
  for (const [name, of] of Object.entries(calls)) {
    assert.notEqual(answer(of, of.with), null, `${name} refuses good arguments`)
    for (const path of paths(of.with)) {
      const spoils = [Number.NaN, Infinity, -Infinity, ...(of.signed?.test(path) ? [] : [-1])]
      if (of.open?.test(path)) spoils.splice(1)
      for (const by of spoils) {
        const got = answer(of, spoil(of.with, path.split('.').slice(1), by))
        if (got !== null) answered.push(`${name}${path} = ${by}: ${JSON.stringify(got)?.slice(0, 60)}`)
      }
    }
  }
  assert.deepEqual(answered, [])
})

test('an arm without units, units that do not differ, and a share of 0 or 1 are refused, never a number', () => {
  const [none, same] = [stats.sampleOfValues([]), stats.sampleOfValues([3, 3, 3])]
  const flat = Array.from({ length: 64 }, (_, i) => [i, 8, 4] as const)
  const rows: readonly (readonly [name: string, run: () => unknown])[] = [
    ['two-by-two, nothing yet', () => stats.readTwoByTwo(stats.createTwoByTwo())],
    ['bounded mean, nothing yet', () => stats.readBoundedMean(stats.createBoundedMean())],
    ['ratio test, nothing yet', () => stats.readRatioTest(stats.createRatioTest({ worse: 'up' }))],
    ['allocation, nothing yet', () => stats.readAllocation(stats.createAllocation())],
    ['means, empty arm', () => stats.compareMeans({ stable: none, canary: stats.sampleOfValues(values) })],
    ['means, no spread', () => stats.compareMeans({ stable: same, canary: same })],
    ['effect size, no spread', () => stats.effectSize({ stable: same, canary: same })],
    ['ranks, empty arm', () => stats.mannWhitney({ stable: values, canary: [] })],
    ['ranks, all equal', () => stats.mannWhitney({ stable: [3, 3, 3], canary: [3, 3] })],
    ['quantile, no values', () => stats.quantileEstimate([], { q: 0.5 })],
    [
      'proportions, empty arm',
      () => stats.compareProportions({ stable: { units: 0, events: 0 }, canary: { units: 9, events: 1 } }),
    ],
    ['share, no trial', () => stats.shareInterval({ trials: 0, events: 0 })],
    ['bands, empty arm', () => stats.compareDistributions({ canary: slot, stable: stats.emptyHistogram() }, 0.05)],
    ['quantile of nothing', () => stats.quantileInterval(stats.emptyHistogram(), 0.5)],
    ['buckets, nothing yet', () => stats.bucketRatio(stats.emptyBuckets())],
    [
      'ratio test, no spread',
      () =>
        stats.readRatioTest(
          good(
            stats.updateRatioTest(stats.createRatioTest({ worse: 'up', buckets: 64 }), { canary: flat, stable: flat }),
          ),
        ),
    ],
    ['cuped, empty arm', () => stats.compareCuped({ stable: cuped, canary: { ...cuped, units: 0 } }, { period })],
    ['bank, no baseline', () => stats.createThresholdBank({ baseline: stats.emptyHistogram() })],
    ['rank mixture, no reference', () => stats.createRankMixture({ reference: stats.emptyHistogram() })],
    ...[0, 1].flatMap((share): (readonly [string, () => unknown])[] => [
      [`harm at ${share}`, () => stats.updateHarm(stats.createHarm(), { ...arrivals, share })],
      [`ratio at ${share}`, () => stats.updateRatio(stats.createRatio(), { ...arrivals, share })],
      [
        `rank mixture at ${share}`,
        () =>
          stats.updateRankMixture(good(stats.createRankMixture({ reference: baseline })), {
            canary: slot,
            stable: slot,
            share,
          }),
      ],
      [
        `allocation at ${share}`,
        () => stats.updateAllocation(stats.createAllocation(), { shares: [share, 1 - share], counts: [3, 3] }),
      ],
      [`threshold at ${share}`, () => stats.exactThreshold({ share, horizonEvents: 30 }, 0.05)],
      [`forecast at ${share}`, () => stats.harmForecast({ ...stagePlan, share })],
      [`sample size at ${share}`, () => stats.meanSampleSize({ ...meanPlan, share })],
      [`rate's sample size at ${share}`, () => stats.proportionSampleSize({ ...ratePlan, share })],
    ]),
  ]
  const answered = rows.flatMap(([name, run]) => {
    const got = answer({ with: null, run }, null)
    return got === null ? [] : [`${name}: ${JSON.stringify(got)?.slice(0, 80)}`]
  })
  assert.deepEqual(answered, [])
})

/** Functions that take nothing from outside, or whose refusals are proved beside them; each group with its reason. */
const notHere: readonly (readonly [reason: string, names: readonly string[]])[] = [
  [
    'a state and nothing else',
    `readHarm readNonInferiority readLimit readTwoByTwo readBoundedMean readThresholdBank readRankMixture readAllocation readCupedTest
     readCusum readEwma readMoving readSeason readShiryaevRoberts readTail closeRatioStage bucketRatio sampleOfBuckets`.split(
      /\s+/,
    ),
  ],
  ['no argument', ['createRatio', 'createDense', 'emptyBuckets', 'emptyHistogram']],
  [
    'histograms whose check comes first, and marks of the scheme',
    `binOf countAbove histogramCount histogramMeanMs histogramOf histogramQuantile mergeHistograms rankItems recordMs renewReference toSparse
     upperEdgeMs`.split(/\s+/),
  ],
  [
    'functions of mathematics: RangeError or NaN as their own tests say',
    `betaCdf betaSurvival binomialCdf binomialProbability binomialSurvival chiSquareSurvival dirichletLogE erfc erfcx expectedExcess fSurvival
     gammaSurvival hypergeometricProbability lgamma lnNormalCdf logAddExp logBeta logSumExp normalCdf normalQuantile normalSurvival oneSidedHalfWidth
     oneSidedLogE oneSidedTuningInformation quantileOf studentQuantile studentSurvival studentUpperQuantile tuningInformation twoSidedHalfWidth
     twoSidedLogE`.split(/\s+/),
  ],
]

test('every function of the package that takes data is spoiled here, or in a file of wild numbers beside it', () => {
  const wild = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('wild.test.ts'))
    .map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'))
  const known = new Set([...Object.keys(calls), ...notHere.flatMap(([, names]) => names)])
  const exported = Object.entries(stats).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []))
  const unknown = exported.filter((name) => !known.has(name) && !wild.some((text) => text.includes(`${name}(`)))
  assert.deepEqual(unknown, [])
  assert.deepEqual(
    [...known].filter((name) => !exported.includes(name)),
    [],
  )
})
