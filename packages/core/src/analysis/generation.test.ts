import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Analysis, measureOf, type GenerationMeasure, type GenerationMetric, type MetricReading } from '@serin/spec'
import { normal, xoshiro } from '@serin/stats/seeded'
import { generationColumns, slotBuckets, type GenerationSlot } from '../evidence.ts'
import { createAnalysis, foldSlot, type AnalysisState } from './fold.ts'
import { judge } from './judge.ts'
import { addSlot, noInterval, pointOf } from './kayenta/points.ts'
import { kayentaRules } from './kayenta/rules.ts'
import { errors, setupOf, slotOf } from './testing/setups.ts'
import { emptyArm } from './testing/traffic.ts'

type Column = (typeof generationColumns)[number]

const metric: GenerationMetric = {
  kind: 'generation',
  role: 'guardrail',
  margin: 20,
  tolerance: 10,
  importance: 1,
}
const setup = setupOf({ metrics: { errors, 'time-to-first-token': metric, 'tokens-per-second': metric } })

/** A second in which users of a few buckets got answers of this speed; each user has a pace of their own. */
function answers(uniform: () => number, n: number, { firstMs, msPerToken }: { firstMs: number; msPerToken: number }) {
  const rows = new Map<number, Record<Column, number>>()
  for (let i = 0; i < n; i += 1) {
    const bucket = Math.floor(uniform() * slotBuckets)
    const row = rows.get(bucket) ?? { ...zeros, bucket }
    const pace = 1 + (bucket % 8) / 8
    const tokens = Math.ceil(200 * uniform())
    const firstTokenMs = firstMs * pace * Math.exp(0.5 * normal(uniform))
    rows.set(bucket, row)
    const added = {
      answers: 1,
      streams: 1,
      firstTokenMs,
      timed: 1,
      tokens,
      timedMs: firstTokenMs + msPerToken * tokens,
    }
    for (const [column, value] of Object.entries(added)) row[column as Column] += value
  }
  const buckets = [...rows.values()].sort((a, b) => a.bucket - b.bucket)
  const slot: GenerationSlot = {
    unread: 0,
    estimated: 0,
    buckets: buckets.map((row) => generationColumns.map((c) => row[c])),
  }
  return slot
}

const zeros = Object.fromEntries(generationColumns.map((column) => [column, 0])) as Record<Column, number>
const fast = { firstMs: 200, msPerToken: 20 }

function play(seconds: number, canary: typeof fast, seed = 1, canaryBp = 5_000) {
  const uniform = xoshiro(seed)
  let state: AnalysisState = createAnalysis(setup)
  const read = () => judge(setup, state, { nextBp: 10_000, now: 1_000, since: 0, warmingUp: false })
  for (let second = 1; second <= seconds; second += 1) {
    const arms = {
      v1: { randomised: 40, generation: answers(uniform, 40, fast) },
      v2: { randomised: 40, generation: answers(uniform, 40, canary) },
    }
    state = foldSlot(setup, state, slotOf(arms, { canaryBp }), { bp: canaryBp }).state
    if (read().verdict === 'harmful') return { second, state, judgement: read() }
  }
  return { second: null, state, judgement: read() }
}

const readingOf = (found: ReturnType<typeof play>, name: GenerationMeasure): MetricReading =>
  found.judgement.metrics.find((reading) => reading.name === name) ?? assert.fail(name)

test('a model that is as fast is within the margin, one that needs longer for its first token is not', () => {
  const same = play(120, fast)
  assert.equal(same.second, null)
  for (const name of ['time-to-first-token', 'tokens-per-second'] as const) {
    const reading = readingOf(same, name)
    assert.equal(reading.verdict, 'safe', reading.sentence)
    const [low, high] = reading.interval ?? [null, null]
    assert.ok(low !== null && high !== null && low < 0 && high > 0)
  }
  const late = play(120, { ...fast, firstMs: 400 })
  assert.ok(late.second !== null && late.second < 60, String(late.second))
  assert.equal(late.judgement.harm.leading, 'time-to-first-token')
  assert.match(
    late.judgement.sentence,
    /time-to-first-token: \d+ ms on canary \(\d+ counted\) against \d+ ms on stable/,
  )
})

test('fewer tokens per second are worse, more are not; slower by less than is tolerated is no harm', () => {
  const slow = play(120, { ...fast, msPerToken: 40 })
  assert.equal(slow.judgement.harm.leading, 'tokens-per-second')
  const reading = readingOf(slow, 'tokens-per-second')
  assert.equal(reading.verdict, 'harmful')
  assert.ok(
    (reading.difference ?? 0) < 0 && (reading.stable ?? 0) > 20 && (reading.stable ?? 0) < 60,
    String(reading.stable),
  )
  assert.equal(play(120, { ...fast, msPerToken: 10 }).second, null)
  assert.equal(play(200, { firstMs: 210, msPerToken: 21 }).second, null)
})

test('a harmless model is hardly ever rolled back, whatever share it has', () => {
  const rolledBack = Array.from({ length: 25 }, (_, seed) => play(60, { firstMs: 215, msPerToken: 21 }, 100 + seed))
  assert.ok(rolledBack.filter(({ second }) => second !== null).length <= 1)
})

test('no single second decides, and what is stored goes on', () => {
  const uniform = xoshiro(3)
  let { state } = play(40, fast)
  const stalled = { randomised: 40, generation: answers(uniform, 200, { firstMs: 20_000, msPerToken: 20 }) }
  state = foldSlot(
    setup,
    state,
    slotOf({ v1: { randomised: 40, generation: answers(uniform, 40, fast) }, v2: stalled }, { canaryBp: 5_000 }),
    { bp: 5_000 },
  ).state
  const harm = state.generation?.['time-to-first-token']?.harm
  assert.ok(harm !== undefined && harm.rawLogE > harm.logE && harm.logE <= 1.5, JSON.stringify(harm))
  assert.deepEqual(JSON.parse(JSON.stringify(state)), state)
})

test('without streams it says what is missing, and how many answers could not be read', () => {
  let state = createAnalysis(setup)
  const generation = { unread: 3, estimated: 0, buckets: [] }
  state = foldSlot(setup, state, slotOf({ v1: { generation }, v2: { generation } }, { canaryBp: 5_000 }), {
    bp: 5_000,
  }).state
  const { metrics } = judge(setup, state, { nextBp: 10_000, now: 1_000, since: 0, warmingUp: false })
  const reading = metrics.find(({ name }) => name === 'time-to-first-token')
  assert.equal(reading?.verdict, 'undecided')
  assert.match(reading?.missing.join('; ') ?? '', /100 are needed; answers without a content coding: 3 of canary/)
})

test('a metric is what it is called, unless it says what it measures', () => {
  assert.equal(measureOf('inter-token-latency', metric), 'inter-token-latency')
  assert.equal(measureOf('speed', { ...metric, measure: 'tokens-per-second' }), 'tokens-per-second')
  assert.equal(measureOf('speed', metric), null)
})

test('a point for the judge kayenta is the mean of its interval, and fewer tokens per second are worse', () => {
  const metrics = { pace: { ...metric, measure: 'tokens-per-second' } } as const
  const row = generationColumns.map((column) => ({ tokens: 50, timedMs: 1_000 })[column as string] ?? 0)
  const arm = (rows: readonly number[][]) => ({
    ...emptyArm(0),
    generation: { unread: 0, estimated: 0, buckets: rows },
  })
  const open = [1, 2].reduce((sum) => addSlot(sum, { stable: arm([row, row]), canary: arm([]) }, 1_000), noInterval)
  assert.deepEqual(pointOf(metrics, open, 'mean'), { pace: { stable: 50, canary: null } })
  const rules = kayentaRules(metrics, Analysis.parse({ judge: 'kayenta' }))
  assert.equal(rules?.config.metrics[0]?.analysisConfigurations?.canary?.direction, 'decrease')
})
