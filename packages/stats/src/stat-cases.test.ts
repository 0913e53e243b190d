import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { join } from 'node:path'
import {
  addToBuckets,
  bucketRatio,
  chiSquareFit,
  chiSquareSurvival,
  closedAverage,
  createHarm,
  createRatioTest,
  dirichletLogE,
  emptyBuckets,
  emptyHistogram,
  histogramQuantile,
  logBeta,
  normalCdf,
  normalQuantile,
  oneSidedHalfWidth,
  oneSidedLogE,
  oneSidedTuningInformation,
  readHarm,
  readRatioTest,
  studentQuantile,
  studentSurvival,
  tuningInformation,
  twoSidedHalfWidth,
  twoSidedLogE,
  updateHarm,
  updateRatioTest,
  type RatioTestState,
  type Refusal,
} from './index.ts'
import { betaCdf } from './numeric/beta.ts'

interface StatCase {
  readonly id: string
  readonly method: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  readonly tolerance: number | string
}

type Check = (inputs: never, near: Near) => void
/** Compares a number with the expected field, at the case's own tolerance. */
type Near = (field: string, actual: number | readonly number[]) => void

interface Moments {
  readonly n: number
  readonly sum: number
  readonly sumSquares?: number
}
interface Comparison {
  readonly control: Moments
  readonly treatment: Moments
  readonly difference: string
  readonly alpha: number
  readonly tuningN: number
}

/** Relative or absolute difference of means with its delta-method standard error, as the peer defines it. */
function effect({ control, treatment, difference }: Comparison) {
  const [a, b] = [control, treatment].map(({ n, sum, sumSquares }) => {
    const mean = sum / n
    const variance = sumSquares === undefined ? mean * (1 - mean) : (sumSquares - (sum * sum) / n) / (n - 1)
    return { n, mean, square: variance / n }
  })
  assert.ok(a && b)
  const absolute = difference === 'absolute'
  const estimate = absolute ? b.mean - a.mean : (b.mean - a.mean) / Math.abs(a.mean)
  const variance = absolute ? b.square + a.square : b.square / a.mean ** 2 + (a.square * b.mean ** 2) / a.mean ** 4
  const df = (a.square + b.square) ** 2 / (a.square ** 2 / (a.n - 1) + b.square ** 2 / (b.n - 1))
  return { estimate, standardError: Math.sqrt(variance), df, n: a.n + b.n }
}

/** The z at which an increasing function reaches a level, by bisection. */
function solve(reaches: (z: number) => number, level: number): number {
  let low = 0
  let high = 100
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2
    if (reaches(middle) < level) low = middle
    else high = middle
  }
  return high
}

interface Mixture {
  readonly s: number
  readonly v: number
  readonly vOpt: number
  readonly alphaOpt: number
  readonly alpha: number
}
const z = ({ s, v }: Mixture): number => s / Math.sqrt(v)
const oneSidedK = ({ v, vOpt, alphaOpt }: Mixture): number => v / oneSidedTuningInformation(vOpt, alphaOpt)
const twoSidedK = ({ v, vOpt, alphaOpt }: Mixture): number => v / tuningInformation(vOpt, alphaOpt)

interface Arrivals {
  readonly canaryEvents: number
  readonly baselineEvents: number
  readonly share: number
  readonly concentration: number
}
interface Stages {
  readonly stages: readonly { readonly canary: number; readonly baseline: number; readonly share: number }[]
  readonly theta0: number
}
interface Units {
  readonly data: readonly (readonly number[])[]
  readonly nullProbabilities: readonly number[]
  readonly dirichletAlpha?: readonly number[]
  readonly concentration?: number
}

function cumulativeLogE({ data, nullProbabilities, dirichletAlpha, concentration = 0 }: Units): number[] {
  const prior = dirichletAlpha ?? nullProbabilities.map((p) => concentration * p)
  let counts = prior.map(() => 0)
  return data.map((row) => {
    counts = counts.map((count, i) => count + (row[i] ?? 0))
    return dirichletLogE(counts, nullProbabilities, prior)
  })
}

const checks: Readonly<Record<string, Check>> = {
  'distribution function: normal-cdf': ({ x }: { x: number }, near) => near('value', normalCdf(x)),
  'distribution function: chi2-sf': ({ x, df }: { x: number; df: number }, near) =>
    near('value', chiSquareSurvival(x, df)),
  'distribution function: beta-cdf': ({ x, a, b }: { x: number; a: number; b: number }, near) =>
    near('value', betaCdf(x, a, b)),
  'distribution function: log-beta': ({ a, b }: { a: number; b: number }, near) => near('value', logBeta(a, b)),
  'distribution function: t-quantile': ({ p, df }: { p: number; df: number }, near) =>
    near('value', studentQuantile(p, df)),
  'standard normal quantile': ({ p }: { p: number }, near) => near('z', normalQuantile(p)),
  'SRM chi-square goodness of fit (zero-weight or missing arms dropped)': (
    { users, weights }: { users: number[]; weights: number[] },
    near,
  ) => near('pValue', chiSquareFit(users, weights)),
  'sequential SRM: Dirichlet(1,1,1)-multinomial vs fixed allocation, cumulative log marginal likelihoods; logE = m1 - m0':
    (inputs: Units, near) => near('logE', cumulativeLogE(inputs)),
  'sequential SRM with concentration 10000': (inputs: Units, near) => {
    const logE = cumulativeLogE(inputs)
    const last = logE.at(-1) ?? 0
    near('bayesFactor', Math.exp(last))
    near('pValue', Math.min(1, Math.exp(-Math.max(...logE))))
    near('posteriorProbability', 1 / (1 + Math.exp(-last)))
  },
  'normal-mixture tuning rho = v/(2ln(1/a)+ln(1+2ln(1/a)))': ({ v, alpha }: { v: number; alpha: number }, near) =>
    near('rho', tuningInformation(v, alpha)),
  'two-sided normal mixture log e-value at S=10,V=100': (inputs: Mixture, near) =>
    near('logE', twoSidedLogE(z(inputs), twoSidedK(inputs))),
  'two-sided normal mixture boundary': (inputs: Mixture, near) =>
    near('bound', Math.sqrt(inputs.v) * twoSidedHalfWidth(twoSidedK(inputs), inputs.alpha)),
  'one-sided normal mixture log e-value (rho tuned at 2*alpha)': (inputs: Mixture, near) =>
    near('logE', oneSidedLogE(z(inputs), oneSidedK(inputs))),
  'one-sided normal mixture boundary': (inputs: Mixture, near) => {
    const k = oneSidedK(inputs)
    near('bound', Math.sqrt(inputs.v) * solve((at) => oneSidedLogE(at, k), -Math.log(inputs.alpha)))
  },
  'information-time normal mixture: k=I/I*, two- and one-sided log e, half-widths in units of se': (
    inputs: { z: number; k: number; alpha: number },
    near,
  ) => {
    near('logETwoSided', twoSidedLogE(inputs.z, inputs.k))
    near('logEOneSided', oneSidedLogE(inputs.z, inputs.k))
    near('halfWidthTwoSided', twoSidedHalfWidth(inputs.k, inputs.alpha))
    near('halfWidthOneSided', oneSidedHalfWidth(inputs.k, inputs.alpha))
  },
  'asymptotic confidence sequence two-sided relative': checkTwoSided,
  'asymptotic confidence sequence two-sided relative, proportions': checkTwoSided,
  'asymptotic confidence sequence one-sided': (inputs: Comparison, near) => {
    const { estimate, standardError, n } = effect(inputs)
    const half = oneSidedHalfWidth(n / oneSidedTuningInformation(inputs.tuningN, inputs.alpha), inputs.alpha)
    near('ci', [estimate - half * standardError, estimate + half * standardError])
  },
  'welch-t two-sided, relative difference (delta method)': checkWelch,
  'welch-t two-sided, absolute': checkWelch,
  'welch-t on proportions (variance p(1-p), no n-1), relative': checkWelch,
  'welch-t two-sided relative': checkWelch,
  'welch-t one-sided (treatment greater)': (inputs: Comparison, near) => {
    const { estimate, standardError, df } = effect(inputs)
    near('pValue', studentSurvival(estimate / standardError, df))
    near('ci', [estimate - studentQuantile(1 - inputs.alpha, df) * standardError])
  },
  'welch-t one-sided (treatment lesser)': (inputs: Comparison, near) => {
    const { estimate, standardError, df } = effect(inputs)
    near('pValue', studentSurvival(-estimate / standardError, df))
    near('ci', [Number.NaN, estimate + studentQuantile(1 - inputs.alpha, df) * standardError])
  },
  'two-sided conditional e-process, prior Beta(k*rho,k*(1-rho)): logE': (inputs: Arrivals, near) => {
    const { canaryEvents, baselineEvents, share, concentration } = inputs
    const shares = [share, 1 - share]
    near(
      'logE',
      dirichletLogE(
        [canaryEvents, baselineEvents],
        shares,
        shares.map((part) => part * concentration),
      ),
    )
  },
  'one-sided harm e-process: mixture over u=log(theta) with density exp(-(u-u0)) on u>u0, stagewise share; logE versus theta0':
    ({ stages, theta0 }: Stages, near) => {
      let state = createHarm({ harmFrom: theta0, restarts: null, grid: 'exponential-64' })
      for (const { canary, baseline, share } of stages) {
        const next = updateHarm(state, { canary, stable: baseline, share })
        assert.ok(next.ok)
        state = next.state
      }
      near('logE', readHarm(state).logE)
    },
  'hash-bucket ratio variance: linearised and delete-one jackknife': (
    { numerator, denominator }: { numerator: number[]; denominator: number[] },
    near,
  ) => {
    const cells = numerator.map((num, bucket) => [bucket, num, denominator[bucket] ?? 0] as const)
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
    const read = bucketRatio({ cells, num: sum(numerator), den: sum(denominator) })
    assert.ok(read.ok)
    near('ratio', read.ratio)
    near('varianceLinearised', read.variance)
    near('varianceJackknife', read.jackknifeVariance)
  },
  'closed testing with the arithmetic mean: adjusted e_i = min over subsets containing i': (
    { e }: { e: number[] },
    near,
  ) => near('adjusted', closedAverage(e.map(Math.log)).map(Math.exp)),
}

/** Cases that say what to do when nothing can be said: the peer returns a p-value of 1, we refuse. */
const refusals: Readonly<Record<string, () => Refusal | { readonly ok: true }>> = {
  'guard: n=1 in one arm -> no inference': () => bucketRatio({ cells: [[0, 1, 1]], num: 1, den: 1 }),
  'guard: zero denominator -> no inference': () =>
    bucketRatio({
      cells: [
        [0, 1, 0],
        [1, 2, 0],
      ],
      num: 3,
      den: 0,
    }),
  // We keep sums of clusters, not moments, so none can be inconsistent; what is left of the case is an arm without any spread.
  'guard: inconsistent moments -> no inference': () => readRatioTest(evenRatioTest(1)),
  'mean ratio undefined when a mean is 0': () => readRatioTest(evenRatioTest(0)),
  'summary of no data is all zero': () => histogramQuantile(emptyHistogram(), 0.5),
  'NaN removed': () => addToBuckets(emptyBuckets(), [[0, Number.NaN, 1]], 256),
  'NaN replaced by 0 (null = NaN)': () => addToBuckets(emptyBuckets(), [[0, 1, Number.NaN]], 256),
}

/** A comparison of a hundred units with the same outcome each. */
function evenRatioTest(value: number): RatioTestState {
  const cells = Array.from({ length: 100 }, (_, bucket) => [bucket, value, 1] as const)
  const updated = updateRatioTest(createRatioTest({ worse: 'up' }), { canary: cells, stable: cells })
  assert.ok(updated.ok)
  return updated.state
}

/** Methods of the file that no test of this package is made of yet; each group with its reason. */
const elsewhere: readonly (readonly [reason: string, methods: RegExp])[] = [
  [
    'ranks and scores: reports of another kind, not part of a verdict',
    /^Mann-Whitney|rank statistic|group score|mean inequality/,
  ],
  [
    'descriptions of samples: nothing here keeps samples',
    /percentile|fences|k-sigma|Cohen|common language|^mean ratio exp|^min, max|^sample /,
  ],
  ['covariates from before the rollout (C4)', /CUPED/],
  [
    'Bayesian displays',
    /posterior|chance to win|expected losses|no overflow|inverse metric|Gaussian prior|E\[max|degenerate CI/,
  ],
  ['tests with a single look, for reports', /Welch t|two-proportion z/],
  ['corrections for fixed looks', /^Holm|Benjamini|adjusted p-value/],
  ['plans and sample sizes, before a rollout', /power|detectable|MDE|sample size|per-arm n/],
  ['bands for whole distributions and stitched boundaries (B2)', /DKW|stitched|quantile test|two-sample threshold/],
  ['beta-binomial boundaries: the mixtures over ratios take their place', /beta-binomial|saturates/],
  ['charts for a single series', /EWMA|CUSUM/],
  ['moments of ratios: sums per bucket take their place (C1)', /^ratio metric|variance of|relative difference uses/],
]

function checkTwoSided(inputs: Comparison, near: Near): void {
  const { estimate, standardError, n } = effect(inputs)
  const k = n / tuningInformation(inputs.tuningN, inputs.alpha)
  const half = twoSidedHalfWidth(k, inputs.alpha) * standardError
  near('estimate', estimate)
  near('standardError', standardError)
  near('ci', [estimate - half, estimate + half])
  near('ciLower', estimate - half)
  near('pValue', Math.min(1, Math.exp(-twoSidedLogE(estimate / standardError, k))))
}

function checkWelch(inputs: Comparison, near: Near): void {
  const { estimate, standardError, df } = effect(inputs)
  const half = studentQuantile(1 - inputs.alpha / 2, df) * standardError
  near('estimate', estimate)
  near('standardError', standardError)
  near('ci', [estimate - half, estimate + half])
  near('pValue', 2 * studentSurvival(Math.abs(estimate / standardError), df))
}

function nearFor(reference: StatCase): { near: Near; compared: () => number } {
  let compared = 0
  const { tolerance, expected } = reference
  const compare = (field: string, actual: number, wanted: unknown): void => {
    if (typeof wanted !== 'number') return
    const allowed =
      typeof tolerance === 'number' ? tolerance : Number(tolerance.replace('relative ', '')) * Math.abs(wanted)
    assert.ok(Math.abs(actual - wanted) <= allowed + 1e-15, `${reference.id} ${field}: ${actual} instead of ${wanted}`)
    compared += 1
  }
  const near: Near = (field, actual) => {
    const wanted = field === 'logE' && !('logE' in expected) ? logEOf(expected) : expected[field]
    if (typeof actual === 'number') return compare(field, actual, wanted)
    const list = Array.isArray(wanted) ? (wanted as unknown[]) : []
    for (const [i, value] of actual.entries()) compare(`${field}[${i}]`, value, list[i])
  }
  return { near, compared: () => compared }
}

/** The peer prints both marginal likelihoods; their difference is ours. */
function logEOf(expected: StatCase['expected']): number[] {
  const { logMarginalAlternative: up, logMarginalNull: down } = expected as Record<string, number[]>
  return (up ?? []).map((value, i) => value - (down?.[i] ?? 0))
}

const path = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data', 'stat-cases.json')
const skip = existsSync(path) ? false : 'The reference cases (stat-cases.json) are not beside this repository.'

test('the reference cases of other engines come out of our formulas', { skip }, (t) => {
  const file = JSON.parse(readFileSync(path, 'utf8')) as { cases: StatCase[]; derived: StatCase[] }
  const methods = new Set<string>()
  let ran = 0
  let refused = 0
  for (const reference of [...file.cases, ...file.derived]) {
    const refusal = refusals[reference.method]?.()
    if (refusal !== undefined) {
      assert.ok(!refusal.ok && refusal.message.endsWith('.'), `${reference.id} is not refused`)
      refused += 1
      continue
    }
    const check = checks[reference.method] as ((inputs: StatCase['inputs'], near: Near) => void) | undefined
    if (!check) {
      const known = elsewhere.some(([, methods]) => methods.test(reference.method))
      assert.ok(known, `${reference.id}: nobody has decided about "${reference.method}"`)
      continue
    }
    const { near, compared } = nearFor(reference)
    check(reference.inputs, near)
    assert.ok(compared() > 0, `${reference.id} compared nothing`)
    methods.add(reference.method)
    ran += 1
  }
  t.diagnostic(`${ran} cases over ${methods.size} methods, ${refused} refused`)
  assert.deepEqual(
    Object.keys(checks).filter((method) => !methods.has(method)),
    [],
    'checks that no case asks for',
  )
  assert.ok(ran >= 48 && refused >= 7, `only ${ran} cases ran, ${refused} were refused`)
})
