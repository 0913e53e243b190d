import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { join } from 'node:path'
import {
  bucketRatio,
  chiSquareFit,
  chiSquareSurvival,
  closedAverage,
  compareMeans,
  createCusum,
  createEwma,
  createHarm,
  dirichletLogE,
  dkwConstant,
  dkwHalfWidth,
  logBeta,
  normalCdf,
  normalQuantile,
  oneSidedHalfWidth,
  oneSidedLogE,
  oneSidedTuningInformation,
  readCusum,
  readEwma,
  quantileHalfWidth,
  readHarm,
  sameQuantile,
  sampleOfEvents,
  sampleOfSums,
  shareInterval,
  stitchedBoundary,
  studentQuantile,
  tuningInformation,
  twoSidedHalfWidth,
  twoSidedLogE,
  updateCusum,
  updateEwma,
  updateHarm,
} from './index.ts'
import type { Refusal, SeriesPoint, SeriesReading, Updated } from './index.ts'
import { betaCdf, betaSurvival } from './numeric/beta.ts'

interface StatCase {
  readonly id: string
  readonly method: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  readonly tolerance: number | string
}

type Check = (inputs: never, near: Near) => void
/** Compares a number with the expected field, at the case's own tolerance. */
type Near = (field: string, actual: number | readonly (number | readonly number[])[]) => void

interface Moments {
  readonly n: number
  readonly sum: number
  readonly sumSquares?: number
}
interface Comparison {
  readonly control: Moments
  readonly treatment: Moments
  readonly difference: 'absolute' | 'relative'
  readonly alpha: number
  readonly tuningN: number
}

/** The difference of means with its standard error, as a report at one look gives it. */
function effect({ control, treatment, difference }: Comparison) {
  const sampleOf = ({ n, sum, sumSquares }: Moments) =>
    sumSquares === undefined ? sampleOfEvents({ units: n, events: sum }) : sampleOfSums({ units: n, sum, sumSquares })
  const read = compareMeans({ stable: sampleOf(control), canary: sampleOf(treatment) }, { difference })
  assert.ok(read.ok)
  return { ...read, n: control.n + treatment.n }
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

interface Bounded {
  readonly s: number
  readonly v: number
  readonly vOpt: number
  readonly g: number
  readonly h: number
  readonly alphaOpt: number
  readonly alpha: number
}

/** ln of the beta-binomial mixture when the sum of n trials, each -g or h with g + h = 1, is s and its variance v = ghn: the mixture of two outcomes. */
function twoSidedBinomial({ v, vOpt, g, h, alphaOpt }: Bounded, s: number): number {
  return betaMixture(v / (g * h), s + v / h, { g, concentration: tuningInformation(vOpt, alphaOpt) / (g * h) - 1 })
}

/** The same over chances above g alone. */
function oneSidedBinomial({ v, vOpt, g, h, alphaOpt }: Bounded, s: number): number {
  const concentration = oneSidedTuningInformation(vOpt, alphaOpt) / (g * h) - 1
  const [trials, events] = [v / (g * h), s + v / h]
  const above = (a: number, b: number): number => Math.log(betaSurvival(g, a, b))
  const [a, b] = [concentration * g, concentration * h]
  return betaMixture(trials, events, { g, concentration }) + above(a + events, b + trials - events) - above(a, b)
}

function betaMixture(
  trials: number,
  events: number,
  { g, concentration }: { g: number; concentration: number },
): number {
  const shares = [g, 1 - g]
  const prior = shares.map((share) => share * concentration)
  return dirichletLogE([events, trials - events], shares, prior)
}

/** The sum from which on evidence reaches 1/alpha; v/g, that of trials that all have the event, when it never does. */
function boundOf(inputs: Bounded, logE: (inputs: Bounded, s: number) => number): number {
  const most = inputs.v / inputs.g
  return Math.min(
    most,
    most * solve((part) => (part > 1 ? Infinity : logE(inputs, part * most)), -Math.log(inputs.alpha)),
  )
}

interface Charted {
  readonly values: readonly number[]
  readonly mu: number
  readonly sigma: number
  readonly lambda_: number
  readonly L: number
  readonly k: number
  readonly h: number
}

/** A chart after each value. */
function charted<State>(
  values: readonly number[],
  start: State,
  update: (state: State, point: SeriesPoint) => Updated<State>,
): State[] {
  let state = start
  return values.map((value, atMs) => {
    const next = update(state, { atMs, value })
    assert.ok(next.ok)
    state = next.state
    return state
  })
}

const firstAlarm = (readings: readonly (SeriesReading | Refusal)[]): number =>
  readings.findIndex((read) => read.ok && read.alarm)

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
  'two-sided beta-binomial mixture log e-value (sub-Bernoulli g,h)': (inputs: Bounded, near) =>
    near('logE', twoSidedBinomial(inputs, inputs.s)),
  'two-sided beta-binomial boundary': (inputs: Bounded, near) => near('bound', boundOf(inputs, twoSidedBinomial)),
  'one-sided beta-binomial log e-value': (inputs: Bounded, near) => near('logE', oneSidedBinomial(inputs, inputs.s)),
  'one-sided beta-binomial boundary': (inputs: Bounded, near) => near('bound', boundOf(inputs, oneSidedBinomial)),
  'boundary saturates at v/g when evidence is impossible': (inputs: Bounded, near) =>
    near('bound', boundOf(inputs, oneSidedBinomial)),
  'Bernoulli confidence sequence from beta-binomial mixture': (
    { successes: events, trials, alpha, nOpt }: { successes: number; trials: number; alpha: number; nOpt: number },
    near,
  ) => {
    const read = shareInterval({ trials, events }, { alpha, plannedTrials: nOpt })
    assert.ok(read.ok)
    near('ci', [read.low, read.high])
  },
  'time-uniform DKW band half-width, A=0.85': ({ n, alpha, nMin }: { n: number; alpha: number; nMin: number }, near) =>
    near('halfWidth', dkwHalfWidth(n, alpha, nMin)),
  'C(alpha) for time-uniform DKW, A=0.85, two-sided leading 4': ({ alpha }: { alpha: number }, near) =>
    near('C', dkwConstant(alpha)),
  'two-sample threshold g(nc,a/2)+g(nb,a/2), nMin=50': (
    { nc, nb, alpha, nMin }: { nc: number; nb: number; alpha: number; nMin: number },
    near,
  ) => near('threshold', dkwHalfWidth(nc, alpha / 2, nMin) + dkwHalfWidth(nb, alpha / 2, nMin)),
  'polynomial stitched boundary (c=3)': checkStitched,
  'polynomial stitched boundary (c=-1)': checkStitched,
  'quantile-uniform double-stitched boundary (count scale)': (
    { p, n, alpha, nOpt, delta, s, eta }: Record<'p' | 'n' | 'alpha' | 'nOpt' | 'delta' | 's' | 'eta', number>,
    near,
  ) => near('bound', n * quantileHalfWidth(p, n, { alpha, from: nOpt, delta, s, eta })),
  'two-sample sequential quantile test p-value (one look) for arms 1..1000 and offset+1..offset+1000': (
    {
      quantile,
      offset,
      nPerArm,
      nOpt,
      alphaOpt,
    }: Record<'quantile' | 'offset' | 'nPerArm' | 'nOpt' | 'alphaOpt', number>,
    near,
  ) => {
    const cells = Array.from({ length: nPerArm + offset }, (_, i) => ({
      stable: i < nPerArm ? 1 : 0,
      canary: i < offset ? 0 : 1,
    }))
    const read = sameQuantile(cells, quantile, { alpha: alphaOpt, plannedTrials: nOpt })
    assert.ok(read.ok)
    near('pValue', Math.min(1, Math.exp(-read.logE)))
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
  'EWMA chart lambda=0.2, L=3, mu=10, sigma=1': ({ values, lambda_, L, mu, sigma }: Charted, near) => {
    const path = charted(
      values,
      createEwma({ lambda: lambda_, reach: L, reference: { middle: mu, width: sigma } }),
      updateEwma,
    )
    near(
      'ewma',
      path.map(({ average }) => mu + sigma * average),
    )
    near(
      'halfWidth',
      path.map(({ limit }) => sigma * limit),
    )
    near('firstAlarmIndex', firstAlarm(path.map(readEwma)))
  },
  'two-sided tabular CUSUM k=0.5 sigma, h=5 sigma': ({ values, mu, sigma, k, h }: Charted, near) => {
    const start = createCusum({ slack: k, limit: h, reference: { middle: mu, width: sigma } })
    const path = charted(values, start, updateCusum)
    near('firstAlarmIndex', firstAlarm(path.map(readCusum)))
    near(
      'path',
      path.map(({ above, below }) => [above, below]),
    )
  },
  'closed testing with the arithmetic mean: adjusted e_i = min over subsets containing i': (
    { e }: { e: number[] },
    near,
  ) => near('adjusted', closedAverage(e.map(Math.log)).map(Math.exp)),
}

/** The families of cases that have a file of their own: each names the methods it checks. */
const families = ['report', 'power', 'kayenta'].map((folder) => join(import.meta.dirname, folder, 'stat-cases.test.ts'))

function checkStitched(
  { v, alpha, vMin, c, s, eta }: Record<'v' | 'alpha' | 'vMin' | 'c' | 's' | 'eta', number>,
  near: Near,
): void {
  near('bound', stitchedBoundary(v, c, { alpha, from: vMin, s, eta }))
}

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
    for (const [i, value] of actual.entries()) {
      const row = typeof value === 'number' ? [value] : value
      const wantedRow = Array.isArray(list[i]) ? (list[i] as unknown[]) : [list[i]]
      for (const [j, cell] of row.entries()) compare(`${field}[${i}][${j}]`, cell, wantedRow[j])
    }
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
  const named = families.map((family) => readFileSync(family, 'utf8'))
  const methods = new Set<string>()
  let ran = 0
  for (const reference of [...file.cases, ...file.derived]) {
    const check = checks[reference.method] as ((inputs: StatCase['inputs'], near: Near) => void) | undefined
    if (!check) {
      const known = named.some((text) => text.includes(reference.method))
      assert.ok(known, `${reference.id}: nobody has decided about "${reference.method}"`)
      continue
    }
    const { near, compared } = nearFor(reference)
    check(reference.inputs, near)
    assert.ok(compared() > 0, `${reference.id} compared nothing`)
    methods.add(reference.method)
    ran += 1
  }
  t.diagnostic(`${ran} cases over ${methods.size} methods`)
  assert.deepEqual(
    Object.keys(checks).filter((method) => !methods.has(method)),
    [],
    'checks that no case asks for',
  )
  assert.ok(ran >= 40, `only ${ran} cases ran`)
})
