import type { Judgement } from '@serin/spec'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ArmSlot, EvidenceSlot } from '../evidence.ts'
import { createAnalysis, foldObservations, foldSlot, type AnalysisState } from './fold.ts'
import { judge, type JudgeContext } from './judge.ts'
import type { TracedObservation } from './observed.ts'
import type { AnalysisSetup } from './setup.ts'
import { errors, latency, observed, setupOf, slotOf } from './testing/setups.ts'

/** A slot in which both versions are as healthy as can be, with units spread over all buckets. */
function healthy(more: { readonly v2?: Partial<ArmSlot> } = {}): EvidenceSlot {
  const buckets = (requests: number, slow: number) =>
    Array.from({ length: 64 }, (_, bucket) => [bucket, requests, 0, requests, requests >> 1, slow + (bucket % 2)])
  const arm = (each: number): Partial<ArmSlot> => ({
    requests: 64 * each,
    randomised: 64 * each,
    latencyScored: 64 * each,
    servedUnits: 64,
    newUnits: 64,
    firstRequests: 64,
    buckets: buckets(each, each / 20),
  })
  return slotOf({ v1: arm(100), v2: { ...arm(100), ...more.v2 } }, { canaryBp: 5_000 })
}

/** While a version warms up its requests are served, and slow, but not judged. */
function warmingUp(): EvidenceSlot {
  const slot = healthy()
  const arms = Object.entries(slot.arms).map(([name, arm]) => {
    const buckets = arm.buckets.map(([bucket = 0, requests = 0]) => [bucket, requests, 0, 0, 0, 0])
    return [name, { ...arm, latency: [[900, arm.requests]], latencyScored: 0, buckets }] as const
  })
  return { ...slot, arms: Object.fromEntries(arms) as EvidenceSlot['arms'] }
}

/** Canary units that fail, each once. */
const failing = (units: number): Partial<ArmSlot> => ({
  randomised: units,
  randomisedErrors: units,
  servedUnits: units,
  events: { error: [units, 0, 0] },
  recentEvents: { error: [units, 0, 0] },
})

function state(setup: AnalysisSetup, slots: readonly EvidenceSlot[]): AnalysisState {
  return slots.reduce((before, slot) => foldSlot(setup, before, slot, { bp: 5_000 }).state, createAnalysis(setup))
}

const context: JudgeContext = { nextBp: 10_000, now: 1_500, since: 0, warmingUp: false }

function judged({
  setup = setupOf({}),
  slots,
  more = {},
}: {
  setup?: AnalysisSetup
  slots: readonly EvidenceSlot[]
  more?: Partial<JudgeContext>
}): Judgement {
  return judge(setup, state(setup, slots), { ...context, ...more })
}

const enough = Array.from({ length: 20 }, () => healthy())
const harm = slotOf({ v2: failing(12), v1: { randomised: 200 } })
const skewed = slotOf({ v1: { newUnits: 900 }, v2: { newUnits: 100 } }, { canaryBp: 5_000 })

test('what is told of latency is what was judged: requests of a version that warms up are in neither, and the estimate is of the interval', () => {
  const told = (slots: readonly EvidenceSlot[]) => judged({ slots }).metrics.find(({ kind }) => kind === 'latency')
  const [warm, cold] = [told(enough), told([warmingUp(), warmingUp(), ...enough])]
  assert.deepEqual([cold?.canary, cold?.stable, cold?.counts], [warm?.canary, warm?.stable, warm?.counts])
  const [low, high] = cold?.interval ?? []
  assert.ok(low != null && high != null && (cold?.difference ?? NaN) > low && (cold?.difference ?? NaN) < high)
})

describe('the decision table, row by row', () => {
  test('1. a split that is not as asked suspends every decision, harm included', () => {
    for (const slots of [
      [...enough, skewed],
      [skewed, harm],
    ]) {
      const judgement = judged({ slots })
      assert.deepEqual([judgement.verdict, judgement.health], ['undecided', 'sample-ratio-mismatch'])
      assert.match(judgement.sentence, /does not match the asked one.*suspended until a person has looked/)
    }
  })

  test('2. harm of the average of all guardrails decides, whatever else is missing', () => {
    const thin = setupOf({ minUnits: 100_000, cuts: [] })
    for (const more of [{}, { warmingUp: true }, { now: 60_000 }]) {
      const judgement = judged({ setup: thin, slots: [harm], more })
      assert.equal(judgement.verdict, 'harmful')
      assert.ok(judgement.harm.logE >= judgement.harm.threshold)
      assert.equal(judgement.harm.leading, 'errors')
      assert.match(
        judgement.sentence,
        /^Harm is proved \((more than )?[\d,]+ to 1\)\. errors: 100 % on canary \(12 of 12\)/,
      )
    }
  })

  test('3. safe when every guardrail is within its margin, the floors are met and evidence arrives', () => {
    const judgement = judged({ slots: enough })
    assert.deepEqual([judgement.verdict, judgement.health], ['safe', 'ok'])
    assert.ok(judgement.metrics.every(({ verdict }) => verdict === 'safe'))
    assert.equal(judgement.sentence, 'Safe for 100 %: every guardrail is within its margin.')
  })

  test('4. one guardrail that is not proved keeps it open, and is named', () => {
    const judgement = judged({ slots: [healthy()] })
    assert.deepEqual([judgement.verdict, judgement.health], ['undecided', 'ok'])
    assert.match(
      judgement.sentence,
      /^No harm seen; (errors|latency|errors, latency|latency, errors) needs? more evidence before 100 %\.$/,
    )
  })

  test('5. without a slot the source is down, without a canary sample there is no data: nothing is safe', () => {
    const down = judged({ slots: enough, more: { now: 7_000 } })
    assert.deepEqual([down.verdict, down.health], ['undecided', 'source-down'])
    const silent = { ...slotOf({ v1: { randomised: 100 } }, { canaryBp: 5_000 }), at: 12_000 }
    const quiet = judged({ slots: [...enough, silent], more: { now: 12_500 } })
    assert.deepEqual([quiet.verdict, quiet.health], ['undecided', 'no-data'])
    assert.ok(quiet.sentence.endsWith('Traffic stays as it is.') && down.sentence.endsWith('Traffic stays as it is.'))
    const fresh = judged({ slots: enough.slice(0, 1), more: { now: 60_000, since: 58_000 } })
    assert.equal(fresh.health, 'ok', 'silence is counted from the beginning of the step')
  })

  test('6. warming up, an unknown baseline and too few units are states of their own, and none of them is safe', () => {
    const warm = judged({ slots: enough, more: { warmingUp: true } })
    const blind = judged({ setup: setupOf({ cuts: [] }), slots: enough })
    const few = judged({ setup: setupOf({ minUnits: 2_000 }), slots: enough })
    assert.deepEqual(
      [warm, blind, few].map(({ verdict, health }) => [verdict, health]),
      [
        ['undecided', 'warming-up'],
        ['undecided', 'no-baseline'],
        ['undecided', 'low-traffic'],
      ],
    )
    assert.match(few.sentence, /^Only 1,?280 units have seen canary so far/)
  })

  test('7. a monitor is shown and decides nothing; without a guardrail nothing is ever safe', () => {
    const monitors = setupOf({ metrics: { errors: { ...errors, role: 'monitor' } } })
    assert.equal(judged({ setup: monitors, slots: enough }).verdict, 'undecided')
    const shown = judged({ setup: monitors, slots: [harm] })
    assert.equal(shown.verdict, 'undecided')
    assert.equal(shown.metrics[0]?.verdict, 'harmful')
    const beside = setupOf({ metrics: { errors, extra: { ...latency, role: 'monitor' } }, cuts: [] })
    assert.equal(judged({ setup: beside, slots: enough }).verdict, 'safe', 'a monitor needs no baseline')
  })
})

test('two units cannot prove harm, however unlikely they are; three can', () => {
  const setup = setupOf({ metrics: { errors } })
  const rare = (units: number): EvidenceSlot => ({ ...slotOf({ v2: failing(units) }, { canaryBp: 1 }) })
  const [two, three] = [rare(2), rare(3)].map((slot) => judge(setup, state(setup, [slot]), context))
  assert.deepEqual([two?.verdict, three?.verdict], ['undecided', 'harmful'])
  assert.ok((two?.harm.logE ?? 1) <= 0)
})

test('without units the floor is three failed requests', () => {
  const setup = setupOf({ metrics: { errors } })
  const loose = (failed: number): EvidenceSlot =>
    slotOf(
      { v1: { randomised: 9_999 }, v2: { randomised: 1, events: { error: [failed, 0, 0] } } },
      { canaryBp: 1, sticky: false },
    )
  assert.deepEqual(
    [2, 3].map((failed) => judge(setup, state(setup, [loose(failed)]), context).verdict),
    ['undecided', 'harmful'],
  )
})

test('neither one slow client nor one slow second can prove harm; slow seconds one after the other do', () => {
  const slow = (units: number): EvidenceSlot => {
    const events = { slow0: [units, units, units] as const, slow1: [units, units, units] as const }
    return slotOf({ v2: { events, recentEvents: events, latencyScored: 400 } }, { canaryBp: 1 })
  }
  const setup = setupOf({ metrics: { latency } })
  const after = (...units: readonly number[]) => judge(setup, state(setup, units.map(slow)), context).verdict
  assert.deepEqual([after(2), after(200), after(200, 0, 0, 0, 0, 0, 0)], ['undecided', 'undecided', 'undecided'])
  assert.deepEqual([after(3, 3, 3, 3), after(3, 3, 3, 3, 3)], ['undecided', 'harmful'])
})

test('a metric of more importance needs less evidence, and any metric at its own threshold decides for all', () => {
  const setup = setupOf({ metrics: { errors: { ...errors, importance: 9 }, latency } })
  const reading = judged({ setup, slots: [healthy()] })
  const threshold = (name: string) => reading.metrics.find((metric) => metric.name === name)?.harm.threshold ?? 0
  assert.ok(Math.abs(threshold('errors') - Math.log(100 / 0.9)) < 1e-9)
  assert.ok(Math.abs(threshold('latency') - Math.log(100 / 0.1)) < 1e-9)
  const { harm: total, metrics } = judged({ setup, slots: [slotOf({ v2: failing(4), v1: { randomised: 100 } })] })
  const capital = (name: string) => Math.exp(metrics.find((metric) => metric.name === name)?.harm.logE ?? 0)
  const average = Math.log(0.9 * capital('errors') + 0.1 * capital('latency'))
  assert.ok(Math.abs(total.logE - average) < 1e-9 && total.logE > 1)
  for (let units = 3; units < 20; units += 1) {
    const judgement = judged({ setup, slots: [slotOf({ v2: failing(units), v1: { randomised: 100 } })] })
    const alone = judgement.metrics.some(({ harm: { logE, threshold: own } }) => logE >= own)
    if (alone) assert.equal(judgement.verdict, 'harmful', `${units} units`)
  }
})

test('the smaller the share a step leads to, the wider its margin', () => {
  const setup = setupOf({})
  const evidence = state(setup, enough.slice(0, 6))
  const logE = [2_500, 5_000, 10_000].map((nextBp) => {
    const { metrics } = judge(setup, evidence, { ...context, nextBp })
    return metrics.map((metric) => metric.safety.logE).reduce((least, each) => Math.min(least, each))
  })
  assert.ok((logE[0] ?? 0) >= (logE[1] ?? 0) && (logE[1] ?? 0) >= (logE[2] ?? 0), logE.join(' '))
  const allowed = [2_500, 10_000].map(
    (nextBp) => judge(setup, evidence, { ...context, nextBp }).metrics.find(({ name }) => name === 'errors')?.allowed,
  )
  assert.deepEqual(allowed, [2, 0.5])
})

test('first requests that do not fail prove nothing while later ones fail beyond the limit', () => {
  const setup = setupOf({ metrics: { errors: { ...errors, marginAbsolute: 2 } } })
  const quiet = Array.from({ length: 60 }, () => healthy())
  assert.equal(judged({ setup, slots: quiet }).verdict, 'safe')
  const later = Array.from({ length: 60 }, () => healthy({ v2: { randomisedErrors: 400, errors: 400 } }))
  const judgement = judged({ setup, slots: later })
  assert.equal(judgement.metrics[0]?.verdict, 'undecided')
})

test('pushed observations: harm and safety, for a rate and for a value where higher is better', () => {
  for (const better of ['lower', 'higher'] as const) {
    const setup = setupOf({ metrics: { score: { ...observed, better } } })
    const say = (canary: number): Judgement => {
      const labels: TracedObservation[] = []
      for (let i = 0; i < 6_000; i += 1) {
        for (const [arm, rate] of [
          ['stable', 0.1],
          ['canary', canary],
        ] as const) {
          const value = ((i * 37) % 1_000) / 1_000 < rate ? 1 : 0
          labels.push({ metric: 'score', arm, stage: '5000', bucket: (i * 7) % 256, value })
        }
      }
      const folded = foldObservations(setup, state(setup, [healthy()]), labels)
      return judge(setup, folded, context)
    }
    const worse = better === 'lower' ? 0.2 : 0.03
    assert.deepEqual([say(worse).verdict, say(0.1).verdict], ['harmful', 'safe'], better)
    assert.equal(say(0.1).metrics[0]?.exact, false)
  }
})

test('what is not known yet is said, and never a number', () => {
  const judgement = judged({ setup: setupOf({ metrics: { errors, latency, score: observed }, cuts: [] }), slots: [] })
  const sentences = Object.fromEntries(judgement.metrics.map(({ name, sentence }) => [name, sentence]))
  assert.deepEqual(sentences, {
    errors: 'errors: no samples of canary yet. Not decided yet.',
    latency:
      'latency: no samples of canary yet. Still needed: more traffic on stable before the rollout, to know how fast it is.',
    score: 'score: no samples of canary yet. Still needed: 0 units in the smaller arm; 100 are needed.',
  })
  assert.deepEqual(JSON.parse(JSON.stringify(judgement)), judgement)
})

test('margins of nothing are never proved, and nothing breaks', () => {
  const none = { margin: 0, marginAbsolute: 0 }
  const setup = setupOf({
    metrics: {
      errors: { ...errors, ...none },
      latency: { ...latency, margin: 0 },
      score: { ...observed, ...none },
    },
  })
  for (const slots of [enough, enough.map((slot) => ({ ...slot, sticky: false }))]) {
    const folded = foldObservations(setup, state(setup, slots), [
      { metric: 'score', arm: 'canary', stage: '5000', bucket: 1, value: 1 },
    ])
    assert.equal(judge(setup, folded, context).verdict, 'undecided')
  }
})
