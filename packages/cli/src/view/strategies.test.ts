/** What people see of each strategy: gates, schedules, copies, copies of requests, all traffic, goals. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Rollout, ServiceStatus } from '@serin/spec'
import { judgement, noon, service, snapshot } from '../testing/statuses.ts'
import { alone, baking, blueGreen, experiment, rolling, shadow, signOff } from '../testing/strategies.ts'
import { explainLines } from './explain.ts'
import { gateTable, waitingGates } from './gates.ts'
import { hintsFor } from './hints.ts'
import { createPaper } from './paper.ts'
import { progressKey } from './progress.ts'
import { stairLines } from './stairs.ts'
import { textWidth } from './text.ts'
import { watchLines } from './watch.ts'

const paper = createPaper({ width: 80 })
const statusOf = (rollout: Rollout, changes: Partial<ServiceStatus> = {}): ServiceStatus =>
  service({ rollout, ...changes })

function draws(t: TestContext, rollout: Rollout, changes: Partial<ServiceStatus> = {}): void {
  const seen = watchLines(snapshot(statusOf(rollout, changes), { journal: [] }), paper)
  const told = explainLines(rollout, paper)
  t.assert.snapshot(`\n${[...seen, '', '--- explain', '', ...told].join('\n')}\n`, { serializers: [String] })
}

test('blue-green: its gates stand under the step, what is asked is said, and no evidence is shown for no traffic', (t) =>
  draws(t, blueGreen(), { preview: 'http://127.0.0.1:8081', queue: ['v3'] }))

test('a switch fills its stair as the share grows; being a little behind is no alarm', (t) =>
  draws(
    t,
    blueGreen({
      step: 1,
      gate: null,
      evidenceMs: 24_000,
      askedBp: 4_160,
      inForceBp: 4_000,
      sentence: 'Switching to v2 over 1m: 41.6 % of 100 %. No harm seen. 36s of evidence to go.',
      judgement: judgement({ sentence: 'No harm seen.' }),
    }),
  ))

test('with all traffic the failures stand against what stable had', (t) => draws(t, baking()))

test('rolling: copies that are ready, and those that are waited for', (t) => draws(t, rolling()))

test('shadow: pairs, how many differ, and how far the proof is', (t) => draws(t, shadow()))

test('an experiment: its goal has a bar of its own', (t) => draws(t, experiment()))

test('a gate that has failed says why, and resume asks it again', (t) => {
  const steps: Rollout['steps'] = [
    { weightBp: 1_000, holdMs: 0, pause: false, gates: [{ name: 'tests', kind: 'command' }] },
  ]
  const held = blueGreen({
    strategy: 'canary',
    phase: 'holding',
    reason: 'gate',
    by: 'serin',
    why: 'check exited with code 1.',
    step: 0,
    steps,
    askedBp: 1_000,
    inForceBp: 1_000,
    gate: { name: 'tests', kind: 'command', since: noon - 9_000, says: null, approvals: [], people: null },
    sentence: 'Holding v2 at 10 %: the gate "tests" has failed: check exited with code 1.',
  })
  draws(t, held)
  assert.equal(hintsFor(statusOf(held))[0], 'serin resume shop')
  assert.match(
    gateTable(waitingGates([statusOf(held)]), paper, noon).join('\n'),
    /9s +failed: check exited with code 1\./,
  )
})

test('held for want of evidence, in a freeze, as a hotfix', (t) =>
  draws(
    t,
    baking({
      phase: 'holding',
      reason: 'no-evidence',
      by: 'serin',
      why: 'nothing for 10m',
      hotfix: true,
      sentence: 'Holding v2 at 100 %: evidence is missing: nothing for 10m.',
    }),
    { freeze: { to: '2026-12-27T00:00:00Z', why: 'holidays.' } },
  ))

test('what was rolled back with all traffic stopped at the bake, not at the step before it', () => {
  const back = baking({ phase: 'rolled-back', reason: 'harmful', step: null, askedBp: 0, inForceBp: null })
  const stopped = stairLines(back, paper).filter((line) => line.includes('stopped here'))
  assert.match(stopped.join('\n'), /^■ +100 % .*bake: stopped here$/)
  const ramp = { ...back, judgement: judgement({ verdict: 'harmful', forWeightBp: 10_000 }) }
  assert.match(stairLines({ ...ramp, steps: ramp.steps.slice(1) }, paper).join('\n'), /^ +100 % .*switch/)
})

test('in a log a gate, a yes and a new gate are lines of their own; a verdict about no traffic is none', () => {
  const keyOf = (changes: Partial<Rollout>) => progressKey(snapshot(statusOf(blueGreen(changes))))
  const first = keyOf({})
  assert.notEqual(keyOf({ gate: { ...signOff, approvals: ['ann', 'bob'] } }), first)
  assert.notEqual(keyOf({ gate: null }), first)
  assert.equal(keyOf({ judgement: judgement({ verdict: 'safe' }) }), first)
})

test('when people are asked, approving is what fits first', () => {
  assert.equal(hintsFor(statusOf(blueGreen()))[0], 'serin approve shop')
  assert.equal(
    hintsFor(statusOf(blueGreen({ phase: 'holding', reason: 'operator', by: 'ann' })))[0],
    'serin approve shop',
  )
  assert.equal(hintsFor(statusOf(baking({ phase: 'holding', reason: 'pause-step' })))[0], 'serin promote shop --step 3')
})

test('many gates, long names and narrow terminals stay within their paper', () => {
  const gates = Array.from({ length: 20 }, (_, i) => ({ name: `${'long'.repeat(12)}-${i}`, kind: 'command' }))
  const gate = { ...signOff, name: gates[9]?.name ?? '', says: alone.sentence, people: null, kind: 'command' }
  const steps = blueGreen().steps.map((step, i) => (i === 0 ? { ...step, gates } : step))
  for (const width of [20, 40, 60, 80, 200]) {
    const lines = watchLines(snapshot(statusOf(blueGreen({ steps, gate }))), createPaper({ width, height: 24 }))
    assert.ok(lines.length <= 24)
    for (const line of lines) assert.ok(textWidth(line) <= width, line)
  }
  const under = stairLines(blueGreen({ steps, gate }), paper).filter((line) => /[✓▸·] long/.test(line))
  assert.deepEqual(
    under.map((line) => line.trim()[0]),
    ['✓', '▸', '·', '·'],
  )
})
