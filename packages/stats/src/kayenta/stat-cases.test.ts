import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { normalQuantile } from '../numeric/normal.ts'
import type { Refusal } from '../refusal.ts'
import { medianDifference } from '../report/differences.ts'
import { effectSize, meanRatio } from '../report/effect-size.ts'
import { mannWhitney, shiftInterval, sortArms } from '../report/mann-whitney.ts'
import { quantileOf } from '../report/quantile.ts'
import { rankStatistic } from '../report/ranks.ts'
import { sampleOfValues } from '../report/sample.ts'
import { runCases } from '../testing/stat-cases.ts'
import type { CaseCheck, Near, StatCaseFile } from '../testing/stat-cases.ts'
import type { KayentaLabel } from './classify.ts'
import type { KayentaDirection, KayentaMeasure, KayentaMetricOptions } from './config.ts'
import { judgeKayenta } from './judge.ts'
import type { KayentaMetricResult } from './judge.ts'
import { scoreMetrics } from './score.ts'
import { deviationFences, outliersOf, quartileFences, summaryOf, withoutGaps } from './series.ts'

function must<T extends { readonly ok: true }>(value: T | Refusal): T {
  if (!value.ok) throw new Error(value.message)
  return value
}

interface Thresholds {
  readonly increase: number
  readonly decrease: number
}
interface ClassifierCase {
  readonly experiment: readonly number[]
  readonly control: readonly number[]
  readonly tolerance: number
  readonly confidence: number
  readonly direction: KayentaDirection
  readonly effectSizeMeasure: KayentaMeasure
  readonly effectSizeThresholds: Thresholds
  readonly criticalThresholds: Thresholds
  readonly critical: boolean
  readonly nanStrategy: 'remove' | 'replace'
}

/** Judges one metric through the front door; alone and without data it fails for that, its label is still there. */
function judged(
  { experiment, control }: { experiment: readonly number[]; control: readonly number[] },
  canary: KayentaMetricOptions,
  constants?: { tolerance: number; confidence: number },
): KayentaMetricResult {
  const config = { metrics: [{ name: 'm', groups: ['g'], analysisConfigurations: { canary } }] }
  const reading = must(judgeKayenta(config, [{ name: 'm', stable: control, canary: experiment }], constants))
  const [metric] = reading.metrics
  assert.ok(metric)
  return metric
}

/**
 * Cases whose numbers carry the peer's root finder, which stops within 1e-4 of the unit: what is right beside what is printed.
 * The file says to compare at 1e-3.
 */
const rootFinder: Readonly<Record<string, { ci: readonly [number, number]; estimate: number }>> = {
  'kayenta-mw-ci-r-tieout': { ci: [-0.5, 0], estimate: -0.5 },
  'kayenta-mw-ci-r-tieout-large': { ci: [-0.5, 0], estimate: 0 },
}

/**
 * Here the shift and its interval are 0, and the peer's label rests on the side of 0 where its root finder stops. Ours rests on the
 * rank statistic at 0 itself, which is 5.9 (the same label, for a reason).
 */
const decidedAtTies = 'kayenta-mann-whitney-classifier-test-high-metric-large-input'

const shiftOf: CaseCheck = (
  { x, y, confidence }: { x: number[]; y: number[]; confidence: number },
  near: Near,
  { id, expected },
) => {
  const arms = must(sortArms({ stable: y, canary: x }))
  const { low, high } = shiftInterval(arms, -normalQuantile((1 - confidence) / 2))
  const estimate = medianDifference(arms)
  const right = rootFinder[id]
  if (right === undefined) {
    near('ci', [low, high])
    return near('estimate', estimate)
  }
  assert.deepEqual([low + 0, high + 0, estimate + 0], [...right.ci, right.estimate])
  const printed = [...(expected['ci'] as number[]), expected['estimate'] as number]
  for (const [i, value] of [low, high, estimate].entries()) assert.ok(Math.abs(value - (printed[i] ?? 9)) < 1e-3, id)
  // Counted as compared: at the tolerance of the file's note, which is wider than the one of its field.
  near('ci', expected['ci'] as number[])
}

const statisticAt: CaseCheck = (
  { x, y, points }: { x: number[]; y: number[]; points: { shift: number; z: number }[] },
  near: Near,
) => {
  const arms = must(sortArms({ stable: y, canary: x }))
  near(
    'values',
    points.map((point) => rankStatistic(arms, point)),
  )
}

const percentiles: CaseCheck = ({ values, p }: { values: number[]; p: number[] }, near: Near) => {
  const sorted = values.toSorted((a, b) => a - b)
  near(
    'values',
    p.map((percent) => quantileOf(sorted, percent / 100)),
  )
}

const fences =
  (of: typeof quartileFences): CaseCheck =>
  ({ values, factor }: { values: number[]; factor: number }, near) =>
    near('outlierIndexes', outliersOf(values, of(values, factor)))

const gaps: CaseCheck = (
  { values, strategy }: { values: (number | null)[]; strategy: 'remove' | 'replace' },
  near: Near,
) => near('values', must(withoutGaps(values, strategy)).values)

const checks: Readonly<Record<string, CaseCheck>> = {
  'Mann-Whitney (Hodges-Lehmann CI) classification': (inputs: ClassifierCase, near, { id, expected }) => {
    const { effectSizeThresholds: allowed, criticalThresholds: critical, tolerance, confidence } = inputs
    const metric = judged(
      inputs,
      {
        direction: inputs.direction,
        critical: inputs.critical,
        nanStrategy: inputs.nanStrategy,
        effectSize: {
          measure: inputs.effectSizeMeasure,
          allowedIncrease: allowed.increase,
          allowedDecrease: allowed.decrease,
          criticalIncrease: critical.increase,
          criticalDecrease: critical.decrease,
        },
      },
      { tolerance, confidence },
    )
    assert.equal(metric.label, expected['classification'], id)
    if ('critical' in expected) assert.equal(metric.critical, expected['critical'], id)
    if (id === decidedAtTies) assert.deepEqual([metric.shift, metric.low, metric.high], [0, 0, 0])
    near('classification', null)
  },
  // The peer's benchmark of what not to do: any difference of means is a failure. Our judge with no confidence at all.
  'mean inequality (benchmark classifier)': (
    inputs: { experiment: number[]; control: number[]; direction: KayentaDirection },
    near,
    { expected },
  ) => {
    const metric = judged(inputs, { direction: inputs.direction }, { tolerance: 0, confidence: 0.01 })
    assert.equal(metric.label, expected['classification'])
    near('classification', null)
  },
  'Mann-Whitney shift CI and Hodges-Lehmann estimate (normal approx, tie+continuity corrected)': shiftOf,
  'Mann-Whitney shift CI and Hodges-Lehmann estimate': shiftOf,
  'standardised rank statistic minus normal quantile at a hypothesised shift': statisticAt,
  'standardised rank statistic at shift 0 and 5': statisticAt,
  'standard normal quantile': ({ p }: { p: number }, near) => near('z', normalQuantile(p)),
  'percentile, R-7 (linear) estimation': percentiles,
  'percentile R-7': percentiles,
  'percentile R-7 with many zeros': percentiles,
  'min, max, mean, sample std, count': ({ values }: { values: number[] }, near) => {
    const { deviation, ...rest } = summaryOf(values)
    for (const [field, value] of Object.entries({ ...rest, std: deviation })) near(field, value)
  },
  // The peer's summary of nothing is all 0; ours has no numbers, and nothing is compared with them.
  'summary of no data is all zero': ({ values }: { values: number[] }, near) => {
    assert.deepEqual(summaryOf(values), { count: 0, min: null, max: null, mean: null, deviation: null })
    near('count', summaryOf(values).count)
    const refusal = mannWhitney({ stable: values, canary: [1, 2] })
    assert.ok(!refusal.ok)
    return refusal
  },
  'mean ratio experiment/control': ({ experiment, control }: { experiment: number[]; control: number[] }, near) => {
    const [canary, stable] = [summaryOf(experiment), summaryOf(control)]
    near('ratio', must(meanRatio(stable.mean ?? 0, canary.mean ?? 0)).ratio)
  },
  'mean ratio undefined when a mean is 0': ({ experiment, control }: { experiment: number[]; control: number[] }) => {
    const refusal = meanRatio(summaryOf(control).mean ?? 1, summaryOf(experiment).mean ?? 1)
    assert.ok(!refusal.ok)
    return refusal
  },
  "Cohen's d, pooled sd, absolute value": (
    { experiment, control }: { experiment: number[]; control: number[] },
    near,
  ) => {
    const size = must(effectSize({ stable: sampleOfValues(control), canary: sampleOfValues(experiment) }))
    near('d', Math.abs(size.cohenD))
  },
  'common language effect size P(exp>ctl)+0.5 P(=)': (
    { experiment, control }: { experiment: number[]; control: number[] },
    near,
  ) => near('cles', must(mannWhitney({ stable: control, canary: experiment })).cles),
  'k-sigma with population sd': fences(deviationFences),
  'IQR fences, R-7 quartiles': fences(quartileFences),
  'IQR fences 1.5': fences(quartileFences),
  'NaN replaced by 0 (null = NaN)': gaps,
  'NaN removed': gaps,
  'weighted group score: critical failure -> 0; >=50% nodata -> 0; empty group counts 100; rounded to 2 dp': (
    {
      metrics,
      groupWeights,
    }: {
      metrics: { classification: KayentaLabel; group: string; critical: boolean }[]
      groupWeights: Record<string, number>
    },
    near,
  ) => {
    const scored = metrics.map(({ classification, group, critical }) => ({
      label: classification,
      groups: [group],
      critical,
    }))
    near('score', must(scoreMetrics(scored, groupWeights)).score)
  },
}

const path = join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'data', 'stat-cases.json')
const skip = existsSync(path) ? false : 'The reference cases (stat-cases.json) are not beside this repository.'

test('the judge says what Kayenta says', { skip }, (t) => {
  const { wrong, ran, refused, unused } = runCases(JSON.parse(readFileSync(path, 'utf8')) as StatCaseFile, checks)
  t.diagnostic(`${ran} cases, ${refused} refused`)
  assert.deepEqual({ wrong, unused }, { wrong: [], unused: [] })
  assert.equal(ran + refused, 77)
})
