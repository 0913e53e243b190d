import { english, rolloutSaid, sentenceOf, type Judgement, type MetricReading, type Rollout } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidZh } from '../words/said-zh.ts'
import { judgedParts, metricParts, reasonParts, rolloutParts, textOf } from './said.ts'

const gapsOf = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).toSorted((a, b) => a.localeCompare(b))

test('every phrase is there in Chinese, with the gaps of the English', () => {
  assert.deepEqual(Object.keys(saidZh), Object.keys(english))
  for (const [code, text] of Object.entries(english))
    assert.deepEqual(gapsOf(saidZh[code as keyof typeof saidZh]), gapsOf(text), code)
})

const errors: MetricReading = {
  name: 'errors',
  kind: 'errors',
  role: 'guardrail',
  verdict: 'harmful',
  stable: 1,
  canary: 12.345,
  difference: 11,
  interval: null,
  intervalOf: 'ratio',
  unit: 'percent',
  allowed: 1,
  harm: { logE: Math.log(500), threshold: 5 },
  safety: { logE: -1, threshold: 3 },
  counts: { stable: 2_000, canary: 100, stableEvents: 20, canaryEvents: 12 },
  exact: true,
  missing: [],
  sentence: 'errors: 12.3 % on canary (12 of 100) against 1.00 % on stable. Canary is worse: the evidence is 500 to 1.',
}
const harm: Judgement = {
  at: 0,
  verdict: 'harmful',
  health: 'ok',
  sentence: `Harm is proved (800 to 1). ${errors.sentence}`,
  forWeightBp: 2_500,
  harm: { logE: Math.log(800), threshold: 4.6, leading: 'errors' },
  units: { stable: 900, canary: 100 },
  srm: { logE: 0, threshold: 7 },
  metrics: [errors],
}
const facts = {
  canary: 'v2',
  stable: 'v1',
  askedBp: 500,
  evidenceMs: 0,
  judgement: harm,
  gate: null,
  waitsForCopies: false,
}

function rollout(changes: Partial<Rollout>): Rollout {
  const whole = { ...facts, phase: 'watching', step: 0, steps: [{ weightBp: 500, holdMs: 60_000, pause: false }] }
  const made = { ...whole, reason: null, by: null, why: null, ...changes } as unknown as Rollout
  const step = made.step === null ? null : (made.steps[made.step] ?? null)
  const sentence = sentenceOf(rolloutSaid({ ...made, step, gate: null, waitsForCopies: false }))
  return { ...made, sentence: changes.sentence ?? sentence }
}

test('what evidence decided is said in Chinese, to the last word', () => {
  const back = rollout({ phase: 'rolled-back', step: null, reason: 'harmful', by: 'serin', why: harm.sentence })
  assert.match(back.sentence, /^v2 was rolled back \(harmful\); v1 has all traffic: Harm is proved/)
  const parts = rolloutParts(back, 'zh')
  assert.ok(
    parts.every(({ lang }) => lang === 'zh'),
    JSON.stringify(parts),
  )
  assert.match(
    textOf(parts),
    /^v2 已回滚（有害）；v1 承担全部流量。 危害已被证明（800 比 1）。 errors：金丝雀 12\.3 %（100 中 12）/,
  )
  assert.match(textOf(rolloutParts(rollout({}), 'zh')), /^正在以 5 % 观察 v2。 危害已被证明/)
  assert.match(textOf(metricParts(errors, 'zh')), /金丝雀更差：证据为 500 比 1。$/)
  assert.equal(textOf(rolloutParts(back, 'en')), back.sentence)
})

test('what people wrote stays as they wrote it, and what the page cannot say stays English and says so', () => {
  const held = rollout({ phase: 'holding', reason: 'operator', by: 'ada', why: 'lunch', judgement: null })
  assert.deepEqual(rolloutParts(held, 'zh'), [{ text: 'ada 将 v2 暂停于 5 %：lunch。', lang: 'zh' }])
  const newer = rollout({ sentence: 'Something nobody here has heard of.' })
  assert.deepEqual(rolloutParts(newer, 'zh'), [{ text: 'Something nobody here has heard of.', lang: 'en' }])
  const more = { ...harm, sentence: `${harm.sentence} Worst in country NO.` }
  assert.deepEqual(judgedParts(more, 'zh').at(-1), { text: 'Worst in country NO.', lang: 'en' })
  const late = rollout({ phase: 'rolled-back', step: null, reason: 'deadline', by: 'serin', why: 'For 5m: no data.' })
  assert.deepEqual(
    rolloutParts(late, 'zh').map(({ lang }) => lang),
    ['zh', 'en'],
  )
})

test('a line of the journal that rests on evidence says so in Chinese', () => {
  const line = { kind: 'rollout.moved', actor: 'serin', data: { why: harm.sentence, judgement: harm } }
  assert.ok(reasonParts(line, 'zh').every(({ lang }) => lang === 'zh'))
  // That it is done is written later, without the evidence.
  const done = { ...line, data: { why: harm.sentence } }
  assert.ok(reasonParts(done, 'zh', [line]).every(({ lang }) => lang === 'zh'))
  assert.ok(reasonParts(done, 'zh').every(({ lang }) => lang === 'en'))
  assert.deepEqual(reasonParts({ ...line, actor: 'ada', data: { why: 'lunch' } }, 'zh'), [
    { text: 'lunch', lang: null },
  ])
})
