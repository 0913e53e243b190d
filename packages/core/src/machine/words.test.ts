import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Judgement } from '@serin/spec'
import { Gate } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import type { HoldReason, RollbackReason } from './state.ts'
import { plan, states } from './testing/cells.ts'
import { gateOf } from './testing/stories.ts'
import { rolloutSentence } from './words.ts'

test('every phase says in one sentence whether it is all right', () => {
  const said = Object.values(states).map((state) => rolloutSentence(state, plan, null))
  assert.deepEqual(said, [
    'Starting v2; v1 has all traffic.',
    'Watching v2 at 5 %. Waiting for the first evidence.',
    'Holding v2 at 5 %, by ann: looking.',
    'Promoting v2 to 100 %: looking.',
    'Rolling back to v1: looking.',
    'v2 is promoted and has all traffic.',
    'v2 was rolled back (aborted); v1 has all traffic: looking.',
  ])
})

const judgement: Judgement = {
  at: 0,
  verdict: 'safe',
  health: 'ok',
  sentence: 'Safe for 25 %: every guardrail is within its margin.',
  forWeightBp: 2_500,
  harm: { logE: 0, threshold: 4.6, leading: null },
  units: { stable: 100, canary: 5 },
  srm: { logE: 0, threshold: 6.9 },
  metrics: [],
}

test('what was judged is told, and how long the step still needs when it is safe', () => {
  const at = { ...states.watching, evidenceMs: 15_000 }
  assert.equal(
    rolloutSentence(at, plan, judgement),
    'Watching v2 at 5 %. Safe for 25 %: every guardrail is within its margin. 45s of evidence to go.',
  )
  assert.equal(
    rolloutSentence(at, plan, { ...judgement, verdict: 'undecided', sentence: 'No harm seen.' }),
    'Watching v2 at 5 %. No harm seen.',
  )
  const held = { ...states.holding, step: -1, by: 'ann', why: '' }
  assert.equal(rolloutSentence(held, plan, null), 'Held before any traffic by ann.')
})

const approval = gateOf(Gate.parse({ kind: 'approval', people: 2 }))
const tests = gateOf(Gate.parse({ kind: 'command', command: ['check'], name: 'tests', onFailure: 'hold' }))

function sentence(step: Partial<PlanStep>, more: object = {}, judged: Judgement | null = null): string {
  const only: Plan = { ...plan, steps: [{ weightBp: 0, holdMs: 0, pause: false, ...step }] }
  return rolloutSentence({ ...states.watching, evidenceMs: 0, ...more }, only, judged)
}

test('without traffic it says what is waited for', () => {
  const preview = { gates: [tests, approval] }
  assert.equal(sentence(preview), 'v2 runs without traffic. Waiting for the gate "tests".')
  assert.equal(
    sentence(preview, { passed: 1, approvals: ['ann'] }),
    'v2 runs without traffic. Waiting for the gate "approval" (1 of 2 people).',
  )
  assert.equal(
    sentence({ weightBp: 2_500, canaryReplicas: 1 }, { waitingBp: 0 }),
    'v2 runs without traffic. Waiting for 1 copy of it before 25 %.',
  )
  assert.equal(
    sentence({ weightBp: 2_500, canaryReplicas: 3 }, { waitingBp: 500 }),
    'v2 keeps 5 %. Waiting for 3 copies of it before 25 %.',
  )
})

test('each kind of step has its own words, and a gate beside the evidence is told too', () => {
  const undecided = { ...judgement, verdict: 'undecided', sentence: 'No harm seen.' } as const
  const goal = { metric: 'sales', logE: 0, threshold: 3, units: 10, maxUnits: 100, verdict: 'undecided' } as const
  const schedule = { weightBp: 10_000, fromBp: 0, holdMs: 300_000, passes: 'no-harm' } as const
  assert.equal(
    sentence(schedule, { evidenceMs: 104_000 }, undecided),
    'Switching to v2 over 5m: 35 % of 100 %. No harm seen. 3m16s of evidence to go.',
  )
  assert.equal(
    sentence({ weightBp: 10_000, holdMs: 600_000, passes: 'no-harm' }, { evidenceMs: 360_000 }, undecided),
    'v2 has all traffic and is watched for 10m before it is promoted. No harm seen. 4m of evidence to go.',
  )
  assert.equal(
    sentence({ weightBp: 10_000, passes: 'no-harm' }),
    'v2 has all traffic and is watched before it is promoted. Waiting for the first evidence.',
  )
  assert.equal(
    sentence({ weightBp: 5_000, passes: 'decided' }, {}, { ...undecided, goal: { ...goal, sentence: 'Not yet.' } }),
    'Comparing v2 with v1 at 50 %. No harm seen. Not yet.',
  )
  const mirror = { shareBp: 1, methods: [], body: 'json', ignored: [], tolerance: 0, timeoutMs: 1 } as const
  assert.equal(
    sentence({ mirror: { ...mirror, maxDifferentRatio: 0.01, minPairs: 10 } }, {}, undecided),
    'v2 answers copies. No harm seen.',
  )
  assert.equal(
    sentence({ weightBp: 500, gates: [approval] }, {}, undecided),
    'Watching v2 at 5 %. No harm seen. Waiting for the gate "approval" (0 of 2 people).',
  )
})

test('what is judged of an experiment is told once, and time in whole seconds', () => {
  const said = 'Not decided yet whether canary is better at sales: 10 of 100 units.'
  const goal = { metric: 'sales', logE: 0, threshold: 3, units: 10, maxUnits: 100, verdict: 'undecided' } as const
  const judged: Judgement = { ...judgement, verdict: 'undecided', sentence: said, goal: { ...goal, sentence: said } }
  assert.equal(sentence({ weightBp: 5_000, passes: 'decided' }, {}, judged), `Comparing v2 with v1 at 50 %. ${said}`)
  assert.equal(
    sentence({ weightBp: 500, holdMs: 60_000 }, { evidenceMs: 50_400 }, { ...judgement, sentence: 'Safe.' }),
    'Watching v2 at 5 %. Safe. 10s of evidence to go.',
  )
})

test('why it is held, and why it went back', () => {
  const held = (reason: HoldReason, why: string, step: Partial<PlanStep>): string =>
    sentence({ gates: [tests], ...step }, { phase: 'holding', reason, by: 'serin', why })
  assert.equal(
    held('gate', 'It ended with 1.', {}),
    'Holding v2 without traffic: the gate "tests" has failed: It ended with 1.',
  )
  assert.equal(
    held('no-evidence', 'For 5m: nothing.', { weightBp: 500 }),
    'Holding v2 at 5 %: evidence is missing: For 5m: nothing.',
  )
  const back = (reason: RollbackReason): string =>
    rolloutSentence({ ...states['rolled-back'], reason, why: 'It says so.' }, plan, null)
  assert.deepEqual((['gate', 'no-evidence', 'no-gain', 'deadline'] as const).map(back), [
    'v2 was rolled back (a gate has failed); v1 has all traffic: It says so.',
    'v2 was rolled back (evidence was missing); v1 has all traffic: It says so.',
    'v2 was rolled back (not shown to be better); v1 has all traffic: It says so.',
    'v2 was rolled back (past its deadline); v1 has all traffic: It says so.',
  ])
})
