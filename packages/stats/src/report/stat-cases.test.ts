import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tuningInformation, twoSidedHalfWidth, twoSidedLogE } from '../mean/normal-mixture.ts'
import type { Refusal } from '../refusal.ts'
import { runCases } from '../testing/stat-cases.ts'
import type { CaseCheck, Near, StatCaseFile } from '../testing/stat-cases.ts'
import { bayesReading, effectFromInterval, expectedExcess } from './bayes.ts'
import type { NormalPrior } from './bayes.ts'
import { compareMeans, effectOf, relativeDifference } from './contrast.ts'
import type { Alternative, Difference, Effect } from './contrast.ts'
import { compareCupedRatios } from './cuped-ratio.ts'
import type { CupedRatioSums, Four } from './cuped-ratio.ts'
import { compareCuped, cupedTheta } from './cuped.ts'
import type { CupedReading } from './cuped.ts'
import { mannWhitney, sortArms } from './mann-whitney.ts'
import { adjustedInterval, benjaminiHochberg, holm } from './multiplicity.ts'
import { compareProportions } from './proportions.ts'
import { quantileEffect } from './quantile.ts'
import { countRanks } from './ranks.ts'
import { sampleOfEvents, sampleOfRatio, sampleOfSums, sampleOfValues } from './sample.ts'
import type { Sample } from './sample.ts'

interface Moments {
  readonly n: number
  readonly sum: number
  readonly sumSquares?: number
}
interface Comparison {
  readonly control: Moments
  readonly treatment: Moments
  readonly difference: Difference
  readonly alpha?: number
  readonly prior?: NormalPrior | null
}

function must<T extends { readonly ok: true }>(value: T | Refusal): T {
  if (!value.ok) throw new Error(value.message)
  return value
}
function refused(value: { readonly ok: true } | Refusal): Refusal {
  assert.ok(!value.ok, 'not refused')
  return value
}

const sampleOf = ({ n, sum, sumSquares }: Moments): Sample | Refusal =>
  sumSquares === undefined ? sampleOfEvents({ units: n, events: sum }) : sampleOfSums({ units: n, sum, sumSquares })
const armsOf = ({ control, treatment }: Comparison) => ({ stable: sampleOf(control), canary: sampleOf(treatment) })

function welch(alternative: Alternative): CaseCheck {
  return ({ difference, alpha = 0.05, ...arms }: Comparison, near, { expected }) => {
    const read = must(compareMeans(armsOf({ difference, ...arms }), { difference, alternative, alpha }))
    const fields = {
      estimate: read.estimate,
      standardError: read.standardError,
      pValue: read.pValue,
      ci: [read.low, read.high],
      meanControl: read.stable,
      meanTreatment: read.canary,
    }
    for (const [field, value] of Object.entries(fields)) if (field in expected) near(field, value)
  }
}

interface RatioMoments {
  readonly n: number
  readonly numSum: number
  readonly numSumSquares: number
  readonly denSum: number
  readonly denSumSquares: number
  readonly numDenProduct: number
}
interface RatioComparison {
  readonly control: RatioMoments
  readonly treatment: RatioMoments
  readonly difference: Difference
}
const ratioOf = (m: RatioMoments) =>
  sampleOfRatio({
    units: m.n,
    num: m.numSum,
    numSquares: m.numSumSquares,
    den: m.denSum,
    denSquares: m.denSumSquares,
    product: m.numDenProduct,
  })

const period = { covariateUntilMs: 0, exposureFromMs: 0 }

interface CupedArm extends Moments {
  readonly preSum: number
  readonly preSumSquares?: number
  readonly postPreProduct: number
}
interface CupedComparison {
  readonly control: CupedArm
  readonly treatment: CupedArm
  readonly difference: Difference
  readonly alpha: number
  readonly tuningN: number
}
function cuped({ control, treatment, difference, alpha }: CupedComparison): CupedReading {
  const options = { difference, alpha, period }
  if (control.sumSquares === undefined) {
    const arm = (a: CupedArm) => ({ units: a.n, events: a.sum, preEvents: a.preSum, both: a.postPreProduct })
    return must(compareCuped({ stable: arm(control), canary: arm(treatment) }, options))
  }
  const arm = (a: CupedArm) => ({
    units: a.n,
    sum: a.sum,
    sumSquares: a.sumSquares ?? 0,
    preSum: a.preSum,
    preSumSquares: a.preSumSquares ?? 0,
    product: a.postPreProduct,
  })
  return must(compareCuped({ stable: arm(control), canary: arm(treatment) }, options))
}

interface RawRatioArm {
  readonly n?: number
  readonly num: number | readonly number[]
  readonly den: number | readonly number[]
  readonly numPre: number | readonly number[]
  readonly denPre: number | readonly number[]
  readonly products?: readonly [Four, Four, Four, Four]
}
interface CupedRatioComparison {
  readonly control: RawRatioArm
  readonly treatment: RawRatioArm
  readonly alpha?: number
  readonly theta?: number
  readonly tuningN: number
}
function ratioSums({ n, num, den, numPre, denPre, products }: RawRatioArm): CupedRatioSums {
  const columns = [num, den, numPre, denPre]
  if (n !== undefined && products) return { units: n, sums: columns as unknown as Four, products }
  const lists = columns as readonly (readonly number[])[]
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
  return {
    units: lists[0]?.length ?? 0,
    sums: lists.map((list) => list.reduce((sum, x) => sum + x, 0)) as unknown as Four,
    products: lists.map((a) => lists.map((b) => dot(a, b))) as unknown as CupedRatioSums['products'],
  }
}
function cupedRatio({ control, treatment, alpha = 0.05, theta }: CupedRatioComparison): CupedReading {
  const options = { difference: 'relative', alpha, period, ...(theta === undefined ? {} : { theta }) } as const
  return must(compareCupedRatios({ stable: ratioSums(control), canary: ratioSums(treatment) }, options))
}

/** The confidence sequence around an adjusted effect, as the peer draws it: information counted in units of both arms. */
function sequence(near: Near, { estimate, standardError }: Effect, at: { n: number; tuningN: number; alpha: number }) {
  const k = at.n / tuningInformation(at.tuningN, at.alpha)
  const half = twoSidedHalfWidth(k, at.alpha) * standardError
  near('estimate', estimate)
  near('ci', [estimate - half, estimate + half])
  near('pValue', Math.min(1, Math.exp(-twoSidedLogE(estimate / standardError, k))))
}

const checkBayes: CaseCheck = (
  inputs: Comparison & { readonly inverse?: boolean },
  near: Near,
  { expected }: { expected: Readonly<Record<string, unknown>> },
) => {
  const { difference, prior = null, alpha = 0.05, inverse = false } = inputs
  const { stable, canary } = armsOf(inputs)
  const arm = (sample: Sample) => ({ mean: sample.mean, variance: sample.variance / sample.units })
  const effect = must(effectOf({ stable: arm(must(stable)), canary: arm(must(canary)) }, difference))
  const read = must(bayesReading(effect, { prior, alpha, better: inverse ? 'down' : 'up' }))
  const fields = {
    estimate: read.estimate,
    standardError: read.standardError,
    ci: [read.low, read.high],
    chanceToWin: read.chanceToWin,
    risk: [read.riskOfKeeping, read.riskOfShipping],
    riskTreatment: read.riskOfShipping,
  }
  for (const [field, value] of Object.entries(fields)) if (field in expected) near(field, value)
}

const risks: CaseCheck = ({ mu, sigma }: { mu: number; sigma: number }, near) =>
  near('risk', [expectedExcess(mu, sigma), expectedExcess(-mu, sigma)])

interface FlatInterval {
  readonly estimate: number
  readonly lower: number | string
  readonly upper: number | string
  readonly alpha: number
  readonly inverse: boolean
}
const flatEffect = ({ estimate, lower, upper, alpha }: FlatInterval) => {
  const end = (value: number | string): number | null => (typeof value === 'number' ? value : null)
  return effectFromInterval({ estimate, low: end(lower), high: end(upper) }, alpha)
}

interface QuantileArm {
  readonly n: number
  readonly estimate: number
  readonly lower: number
  readonly upper: number
}
interface QuantileCase {
  readonly control: QuantileArm
  readonly treatment: QuantileArm
  readonly difference: Difference
  readonly priorVarianceRelative: number | null
}

const adjusted =
  (method: typeof holm): CaseCheck =>
  ({ p }: { p: number[] }, near) =>
    near('adjusted', must(method(p)).adjusted)

const checks: Readonly<Record<string, CaseCheck>> = {
  'welch-t two-sided, relative difference (delta method)': welch('two-sided'),
  'welch-t two-sided, absolute': welch('two-sided'),
  'welch-t on proportions (variance p(1-p), no n-1), relative': welch('two-sided'),
  'welch-t two-sided relative': welch('two-sided'),
  'welch-t one-sided (treatment greater)': welch('greater'),
  'welch-t one-sided (treatment lesser)': welch('less'),
  'guard: inconsistent moments -> no inference': (inputs: Comparison) =>
    refused(compareMeans(armsOf(inputs), { difference: inputs.difference })),
  'guard: n=1 in one arm -> no inference': (inputs: Comparison) =>
    refused(compareMeans(armsOf(inputs), { difference: inputs.difference })),
  'guard: zero denominator -> no inference': ({ control, treatment, difference }: RatioComparison) =>
    refused(compareMeans({ stable: ratioOf(control), canary: ratioOf(treatment) }, { difference })),
  'ratio metric via delta method, two-sided relative welch': (
    { control, treatment, difference }: RatioComparison,
    near,
  ) => {
    const read = must(compareMeans({ stable: ratioOf(control), canary: ratioOf(treatment) }, { difference }))
    near('ratioControl', read.stable)
    near('ratioTreatment', read.canary)
    near('estimate', read.estimate)
    near('pValue', read.pValue)
  },
  'CUPED (pooled theta), relative to unadjusted control mean, two-sided welch': (inputs: CupedComparison, near) => {
    const read = cuped(inputs)
    near('meanControl', read.stable)
    near('meanTreatment', read.canary)
    near('estimate', read.estimate)
    near('pValue', read.pValue)
  },
  'CUPED on proportions (population variances)': (inputs: CupedComparison, near) => {
    const read = cuped(inputs)
    near('estimate', read.estimate)
    near('pValue', read.pValue)
  },
  'CUPED theta = cov(post,pre)/var(pre) pooled over both arms': (
    { pre, post }: { pre: number[]; post: number[] },
    near,
  ) => {
    const sum = (f: (i: number) => number): number => pre.reduce((total, _, i) => total + f(i), 0)
    const [x, y] = [(i: number) => pre[i] ?? 0, (i: number) => post[i] ?? 0]
    const arm = {
      units: pre.length,
      sum: sum(y),
      sumSquares: sum((i) => y(i) ** 2),
      preSum: sum(x),
      preSumSquares: sum((i) => x(i) ** 2),
      product: sum((i) => x(i) * y(i)),
    }
    near('theta', cupedTheta(arm, arm))
  },
  'sample mean and variance (n-1) from sums': ({ values }: { values: number[] }, near) => {
    const sum = (power: number): number => values.reduce((total, value) => total + value ** power, 0)
    for (const read of [
      sampleOfValues(values),
      sampleOfSums({ units: values.length, sum: sum(1), sumSquares: sum(2) }),
    ]) {
      near('mean', must(read).mean)
      near('variance', must(read).variance)
    }
  },
  'sample covariance': ({ a, b }: { a: number[]; b: number[] }, near) => {
    // cov = (var(a + b) - var(a - b)) / 4: the covariance inside our estimators, seen from outside.
    const variance = (sign: 1 | -1): number => must(sampleOfValues(a.map((x, i) => x + sign * (b[i] ?? 0)))).variance
    near('covariance', (variance(1) - variance(-1)) / 4)
  },
  'asymptotic confidence sequence on CUPED-adjusted relative difference': (inputs: CupedComparison, near) => {
    const read = cuped(inputs)
    near('standardError', read.standardError)
    sequence(near, read, { ...inputs, n: inputs.control.n + inputs.treatment.n })
  },
  'CUPED for ratio metric (joint delta method, pooled theta), relative, welch': (
    inputs: CupedRatioComparison,
    near,
  ) => {
    const read = cupedRatio(inputs)
    near('estimate', read.estimate)
    near('standardError', read.standardError)
    near('ci', [read.low, read.high])
    near('pValue', read.pValue)
  },
  'CUPED for ratio metric': (inputs: CupedRatioComparison, near) => {
    const read = cupedRatio(inputs)
    near('ratioControl', read.stable)
    near('ratioTreatment', read.canary)
    near('estimate', read.estimate)
    near('pValue', read.pValue)
  },
  'asymptotic confidence sequence on CUPED ratio': (inputs: CupedRatioComparison, near) =>
    sequence(near, cupedRatio(inputs), { alpha: 0.05, ...inputs, n: 200 }),
  'CUPED ratio relative effect and SE, sign-flip invariance (theta fixed 0.5)': (
    inputs: CupedRatioComparison,
    near,
  ) => {
    const read = cupedRatio(inputs)
    near('estimate', read.estimate)
    near('standardError', read.standardError)
  },
  'relative difference uses |baseline|': ({ control, treatment }: { control: number; treatment: number }, near) =>
    near('relative', must(relativeDifference(control, treatment)).ratio),
  'Holm-Bonferroni adjusted p-values (input order)': adjusted(holm),
  Holm: adjusted(holm),
  'Benjamini-Hochberg adjusted p-values (input order)': adjusted(benjaminiHochberg),
  'Benjamini-Hochberg': adjusted(benjaminiHochberg),
  'CI widened to match adjusted p-value': (
    { adjustedP, lift, alpha }: { adjustedP: number; lift: number; alpha: number },
    near,
  ) => {
    const { low, high } = must(adjustedInterval(lift, { pValue: adjustedP, alpha }))
    near('ci', [low, high])
  },
  'chance to win under flat prior recovered from a CI': (inputs: FlatInterval, near) => {
    const read = must(bayesReading(must(flatEffect(inputs)), { better: inputs.inverse ? 'down' : 'up' }))
    near('chanceToWin', read.chanceToWin)
  },
  'degenerate CI': (inputs: FlatInterval) => refused(flatEffect(inputs)),
  'variance of difference (control var,mean,n; treatment var,mean,n)': varianceOfDifference,
  'variance of relative difference': varianceOfDifference,
  'Gaussian effect posterior, flat prior, relative': checkBayes,
  'Gaussian effect posterior, flat prior': checkBayes,
  'Gaussian effect posterior flat prior': checkBayes,
  'Gaussian effect posterior, prior N(0.1, var 0.1)': checkBayes,
  'same with inverse metric (lower is better)': checkBayes,
  'expected losses E[d+], E[d-] for N(mu,sigma)': risks,
  'no overflow for |mu/sigma|>37': risks,
  'no overflow': risks,
  'E[max(d,0)], P(d>0) for d~N(m,s)': ({ m, s }: { m: number; s: number }, near) => {
    near('expected', expectedExcess(m, s))
    near('probability', must(bayesReading({ estimate: m, standardError: s })).chanceToWin)
  },
  'p90 quantile difference; variance from a 95% quantile CI; Gaussian prior N(0,var) given on the relative scale': (
    { control, treatment, difference, priorVarianceRelative }: QuantileCase,
    near,
  ) => {
    // The peer shrinks each variance by (n - 1) / n.
    const bounds = ({ n, estimate, lower, upper }: QuantileArm) => {
      const shrink = Math.sqrt((n - 1) / n)
      return { estimate, low: estimate + shrink * (lower - estimate), high: estimate + shrink * (upper - estimate) }
    }
    const effect = must(quantileEffect({ stable: bounds(control), canary: bounds(treatment) }, { difference }))
    const scale = difference === 'absolute' ? control.estimate ** 2 : 1
    const prior = priorVarianceRelative === null ? null : { mean: 0, variance: priorVarianceRelative * scale }
    const read = must(bayesReading(effect, { prior }))
    near('estimate', read.estimate)
    near('ci', [read.low, read.high])
  },
  'Welch t (b-a), two-sided': ({ a, b }: { a: number[]; b: number[] }, near) => {
    const read = must(compareMeans({ stable: sampleOfValues(a), canary: sampleOfValues(b) }))
    near('t', read.t)
    near('df', read.df)
    near('pValue', read.pValue)
    near('ci', [read.low, read.high])
  },
  'Mann-Whitney with ties, asymptotic with continuity and tie correction': (
    { a, b }: { a: number[]; b: number[] },
    near,
  ) => {
    const read = must(mannWhitney({ stable: a, canary: b }))
    assert.equal(read.exact, false)
    near('U', read.u)
    near('pAsymptotic', read.pValue)
    assert.equal(countRanks(must(sortArms({ stable: a, canary: b }))).u, read.u)
  },
  'two-proportion z: pooled z test, unpooled Wald CI for p2-p1': (
    { x1, n1, x2, n2 }: { x1: number; n1: number; x2: number; n2: number },
    near,
  ) => {
    const arms = { stable: { units: n1, events: x1 }, canary: { units: n2, events: x2 } }
    const read = must(compareProportions(arms, { interval: 'wald' }))
    near('z', read.z)
    near('pValue', read.pValue)
    near('ci', [read.low, read.high])
  },
}

function varianceOfDifference(
  inputs: { varA: number; meanA: number; nA: number; varB: number; meanB: number; nB: number; relative: boolean },
  near: Near,
): void {
  const { varA, meanA, nA, varB, meanB, nB, relative } = inputs
  const arms = {
    stable: { mean: meanA, variance: varA / nA },
    canary: { mean: meanB, variance: varB / nB },
  }
  near('variance', must(effectOf(arms, relative ? 'relative' : 'absolute')).standardError ** 2)
}

const path = join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'data', 'stat-cases.json')
const skip = existsSync(path) ? false : 'The reference cases (stat-cases.json) are not beside this repository.'

test('reports at a single look agree with other engines', { skip }, (t) => {
  const { wrong, ran, refused, unused } = runCases(JSON.parse(readFileSync(path, 'utf8')) as StatCaseFile, checks)
  t.diagnostic(`${ran} cases, ${refused} refused`)
  assert.deepEqual({ wrong, unused }, { wrong: [], unused: [] })
  assert.ok(ran >= 55 && refused >= 4, `only ${ran} cases ran, ${refused} were refused`)
})
