import { KayentaAnalysis, type Judgement, type Metric } from '@serin/spec'
import { binOf } from '@serin/stats'
import { normal, xoshiro, type Uniform } from '@serin/stats/seeded'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EvidenceSlot } from '../../evidence.ts'
import { createAnalysis, foldObservations, foldSlot, type AnalysisState } from '../fold.ts'
import { judge } from '../judge.ts'
import type { AnalysisSetup } from '../setup.ts'
import { errors, latency, observed, setupOf, slotOf } from '../testing/setups.ts'
import { kayentaRules } from './rules.ts'

type Options = Parameters<typeof KayentaAnalysis.encode>[0] extends infer Output ? Partial<Output> : never

const stepBp = 5_000

/** A setup in which Kayenta decides, with points of a second and a look after ten of them. */
function setup(options: Options = {}, metrics: Readonly<Record<string, Metric>> = { errors, latency }): AnalysisSetup {
  const kayenta = { ...KayentaAnalysis.parse({ interval: '1s', every: '10s' }), ...options }
  const analysis = { falseRollback: 1, falsePromotion: 5, warmUp: 0, minUnits: 50, judge: 'kayenta', kayenta } as const
  const rules = kayentaRules(metrics, analysis)
  assert.ok(rules !== null)
  return setupOf({ metrics, kayenta: rules })
}

interface World {
  readonly seed?: number
  readonly errorRatio?: number
  readonly slower?: number
  readonly canaryBp?: number
  readonly silent?: boolean
}

/** Seconds of traffic: 400 requests of each version, of which about 5 % of stable's fail. */
function* seconds({ seed = 1, errorRatio = 1, slower = 1, canaryBp = stepBp, silent = false }: World = {}) {
  const uniform = xoshiro(seed)
  for (let second = 1; ; second += 1) {
    const v1 = arm(uniform, { errorRatio: 1, slower: 1 })
    const v2 = silent ? {} : arm(uniform, { errorRatio, slower })
    yield slotOf({ v1, v2 }, { canaryBp, at: second * 1_000, seq: second })
  }
}

function arm(uniform: Uniform, { errorRatio, slower }: { readonly errorRatio: number; readonly slower: number }) {
  const failed = Math.max(0, Math.round(errorRatio * (20 + 4 * normal(uniform))))
  const ms = slower * (100 + 5 * normal(uniform))
  return {
    requests: 400,
    randomised: 400,
    randomisedErrors: failed,
    servedUnits: 100,
    latency: [[binOf(ms), 400 - failed]] as const,
    latencySumMs: ms * (400 - failed),
    latencyScored: 400 - failed,
  }
}

function take(world: Iterable<EvidenceSlot>, count: number): readonly EvidenceSlot[] {
  const slots: EvidenceSlot[] = []
  for (const slot of world) if (slots.push(slot) >= count) break
  return slots
}

function fold(own: AnalysisSetup, slots: readonly EvidenceSlot[], from = createAnalysis(own)): AnalysisState {
  return slots.reduce((state, slot) => foldSlot(own, state, slot, { bp: slot.weights['v2'] ?? 0 }).state, from)
}

function judged(own: AnalysisSetup, state: AnalysisState, now = state.lastSlotAt + 100): Judgement {
  return judge(own, state, { nextBp: 10_000, now, since: 0, warmingUp: false })
}

describe('the judge kayenta', () => {
  test('equal versions are safe at the end of a period, and not a point before', () => {
    const own = setup()
    const slots = take(seconds(), 10)
    const before = judged(own, fold(own, slots.slice(0, 9)))
    assert.deepEqual([before.verdict, before.kayenta?.score, before.kayenta?.nextLookIn], ['undecided', null, 1])
    assert.match(before.sentence, /looks for the first time after 10 points of each version; there are 9\.$/)
    const after = judged(own, fold(own, slots))
    assert.deepEqual([after.verdict, after.health, after.kayenta?.score, after.kayenta?.looks], ['safe', 'ok', 100, 1])
    assert.match(
      after.sentence,
      /^Safe for 100 %\. Kayenta score 100 \(pass 95, marginal 75\): errors Pass, latency Pass\. It is the first look at this step; this judge makes no correction for looking again\.$/,
    )
    assert.deepEqual(after.metrics.map(({ name, verdict }) => `${name} ${verdict}`).toSorted(), [
      'errors safe',
      'latency safe',
    ])
  })

  test('doubled errors of a critical metric make the score 0: harmful', () => {
    const own = setup({ metrics: { errors: { critical: true } }, groups: { errors: 20, latency: 80 } })
    const judgement = judged(own, fold(own, take(seconds({ errorRatio: 2 }), 10)))
    assert.deepEqual([judgement.verdict, judgement.kayenta?.score], ['harmful', 0])
    assert.match(judgement.sentence, /^Not above marginal\. Kayenta score 0 .*errors High.*A critical metric failed\./)
    const reading = judgement.metrics.find(({ name }) => name === 'errors')
    assert.equal(reading?.verdict, 'harmful')
    assert.match(reading?.sentence ?? '', /^errors: High \(critical\)\. [\d.]+ % on canary \(10 points\) against/)
  })

  test('what is not critical costs its weight: between the thresholds nothing is decided, at marginal it goes back', () => {
    const weights = (light: number) => ({ errors: light, latency: 100 - light })
    const worse = take(seconds({ errorRatio: 2 }), 10)
    for (const [light, verdict] of [
      [5, 'safe'],
      [24, 'undecided'],
      [25, 'harmful'],
    ] as const) {
      const own = setup({ groups: weights(light) })
      const judgement = judged(own, fold(own, worse))
      assert.deepEqual([judgement.verdict, judgement.kayenta?.score], [verdict, 100 - light])
    }
  })

  test('slower answers are High, in ms, by quantile or by mean', () => {
    for (const point of ['quantile', 'mean'] as const) {
      const own = setup({ metrics: { latency: { point } } })
      const judgement = judged(own, fold(own, take(seconds({ slower: 1.3 }), 10)))
      const found = judgement.kayenta?.metrics.find(({ name }) => name === 'latency')
      assert.equal(found?.label, 'High')
      assert.ok(Math.abs((found?.effect ?? 0) - 1.3) < 0.06, String(found?.effect))
      assert.ok((found?.mean.stable ?? 0) > 90 && (found?.mean.stable ?? 0) < 110)
    }
  })

  test('no data is undecided, however critical the metric and whatever mustHaveData says: it adds no traffic and takes none', () => {
    for (const options of [{ critical: true }, { mustHaveData: true }, { nanStrategy: 'replace' }, {}] as const) {
      const own = setup({ metrics: { errors: options, latency: options } })
      const state = fold(own, take(seconds({ silent: true }), 20))
      assert.deepEqual(state.kayenta?.reading?.verdict, 'undecided', JSON.stringify(options))
      assert.equal(judged(own, state).verdict, 'undecided')
    }
  })

  test('harm that shows in one metric counts although another has no points', () => {
    const own = setup({ metrics: { errors: { critical: true } } }, { errors, observed })
    const judgement = judged(own, fold(own, take(seconds({ errorRatio: 2 }), 10)))
    assert.deepEqual([judgement.verdict, judgement.kayenta?.score], ['harmful', 0])
    // The same without harm: the score passes, but a metric that is scored has not been seen.
    const quiet = setup({ groups: { errors: 100 } }, { errors, latency, observed })
    const unseen = judged(quiet, fold(quiet, take(seconds(), 10)))
    assert.deepEqual([unseen.verdict, unseen.kayenta?.score], ['undecided', 100])
  })

  test('fewer than five points of a version say nothing, good or bad', () => {
    const own = setup({ every: 1_000 })
    for (const [points, verdict] of [
      [4, 'undecided'],
      [5, 'safe'],
    ] as const) {
      const state = fold(own, take(seconds(), points))
      assert.deepEqual([state.kayenta?.looks, state.kayenta?.reading?.verdict], [points, verdict])
    }
    const worst = setup({ every: 1_000, metrics: { errors: { critical: true } } })
    const looks = [4, 5].map(
      (points) => fold(worst, take(seconds({ errorRatio: 9 }), points)).kayenta?.reading?.verdict,
    )
    assert.deepEqual(looks, ['undecided', 'harmful'])
  })

  test('the floors stay: health, units and a split that is not as asked', () => {
    const own = setup()
    const state = fold(own, take(seconds(), 10))
    const late = judged(own, state, state.lastSlotAt + 60_000)
    assert.deepEqual([late.verdict, late.health], ['undecided', 'source-down'])
    assert.equal(judged({ ...own, minUnits: 1_000_000 }, state).health, 'low-traffic')
    const critical = setup({ metrics: { errors: { critical: true } } })
    const skewed = slotOf({ v1: { newUnits: 900 }, v2: { newUnits: 100 } }, { canaryBp: stepBp, at: 11_000 })
    const harmful = fold(critical, take(seconds({ errorRatio: 2 }), 10))
    const judgement = judged(critical, fold(critical, [skewed], harmful))
    assert.deepEqual([judgement.verdict, judgement.health], ['undecided', 'sample-ratio-mismatch'])
  })

  test('a step has points of its own: the next share begins anew', () => {
    const own = setup()
    const first = fold(own, take(seconds(), 10))
    const next = fold(own, take(seconds({ canaryBp: 7_500 }), 3), first)
    assert.deepEqual([next.kayenta?.canaryBp, next.kayenta?.closed, next.kayenta?.reading], [7_500, 3, null])
    assert.equal(judged(own, next).verdict, 'undecided')
  })

  test('it looks back as far as it should, and keeps no more', () => {
    const own = setup({ lookback: 10_000 })
    const healthy = fold(own, take(seconds(), 100))
    assert.equal(healthy.kayenta?.points.length, 10)
    const late = fold(own, take(seconds({ seed: 2, errorRatio: 2 }), 10), healthy)
    assert.equal(late.kayenta?.reading?.metrics.find(({ name }) => name === 'errors')?.label, 'High')
    const all = setup()
    const long = fold(all, take(seconds(), 1_500))
    assert.deepEqual([long.kayenta?.points.length, long.kayenta?.closed], [1_440, 1_500])
    assert.ok(JSON.stringify(long.kayenta).length < 300_000)
  })

  test('observations count at the share they were served at; lower is worse where higher is better', () => {
    const watched = { errors: { ...errors, role: 'monitor' }, rating: { ...observed, better: 'higher' } } as const
    const own = setup({}, watched)
    let state = createAnalysis(own)
    const uniform = xoshiro(3)
    for (const slot of take(seconds(), 10)) {
      const about = (arm: 'stable' | 'canary', value: number, stage = String(stepBp)) =>
        ({ metric: 'rating', arm, stage, bucket: 1, value }) as const
      state = foldSlot(own, state, slot, { bp: stepBp }).state
      state = foldObservations(own, state, [
        about('stable', 0.8 + 0.01 * uniform()),
        about('canary', 0.6 + 0.01 * uniform()),
        about('canary', 1_000, '500'),
      ])
    }
    state = fold(own, take(seconds(), 10), state)
    const rating = state.kayenta?.reading?.metrics.find(({ name }) => name === 'rating')
    assert.equal(rating?.label, 'Low')
    assert.ok((rating?.mean.canary ?? 0) > 60 && (rating?.mean.canary ?? 0) < 61, 'only what was served at this share')
    assert.equal(state.kayenta?.reading?.metrics.find(({ name }) => name === 'errors')?.muted, true)
    assert.equal(state.kayenta?.reading?.verdict, 'harmful')
  })

  test('a replay, also from stored JSON in the middle, gives the same state and judgement bit by bit', () => {
    const own = setup({ every: 5_000, metrics: { errors: { outliers: { strategy: 'remove' } } } })
    const slots = take(seconds({ errorRatio: 1.1 }), 63)
    const [one, other] = [fold(own, slots), fold(own, slots)]
    const stored = JSON.parse(JSON.stringify(fold(own, slots.slice(0, 31)))) as AnalysisState
    const resumed = fold(JSON.parse(JSON.stringify(own)) as AnalysisSetup, slots.slice(31), stored)
    assert.deepEqual(other, one)
    assert.equal(JSON.stringify(resumed), JSON.stringify(one))
    assert.equal(JSON.stringify(judged(own, resumed)), JSON.stringify(judged(own, one)))
  })

  test('without it nothing of it is in the state or the judgement', () => {
    const own = setupOf({})
    const state = fold(own, take(seconds(), 10))
    assert.ok(!('kayenta' in state) && !('kayenta' in judged(own, state)))
  })
})
