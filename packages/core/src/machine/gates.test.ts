import { Gate } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan, PlanStep } from '../plan.ts'
import { advance } from './advance.ts'
import { gateAsked } from './asked.ts'
import type { EventOf, RolloutEvent } from './event.ts'
import type { RolloutState } from './state.ts'
import { after } from './testing/after.ts'
import { events, now, plan } from './testing/cells.ts'
import { gateOf } from './testing/stories.ts'

const window = gateOf(Gate.parse({ kind: 'window' }))
const migration = gateOf(Gate.parse({ kind: 'command', command: ['migrate'], onFailure: 'hold' }))
const ready = gateOf(Gate.parse({ kind: 'http', url: '{preview}' }))
const approval = gateOf(Gate.parse({ kind: 'approval', people: 2, from: ['ann', 'bob', 'cid'] }))

const five: PlanStep = { weightBp: 500, holdMs: 0, pause: false }
/** A preview without traffic that asks gates, and 5 % after it. */
const gated = (...gates: NonNullable<PlanStep['gates']>): Plan => ({
  ...plan,
  steps: [{ weightBp: 0, holdMs: 0, pause: false, gates }, five],
})
const begun = (of: Plan): RolloutState =>
  after({ phase: 'preparing', attempt: 2, since: 0 }, events['canary-ready'], now, of)
const word = (gate: number, outcome: 'passed' | 'failed' = 'passed'): EventOf<'gate'> => ({
  ...events.gate,
  gate,
  outcome,
})
const yes = (by: string): RolloutEvent => ({ type: 'approve', by, why: '' })

test('when a gate has passed the next is asked, and after the last the step without traffic is left', () => {
  const of = gated(window, migration)
  const first = begun(of)
  assert.deepEqual([first.phase, gateAsked(first, of)], ['watching', { gate: window, at: 0, since: now }])
  assert.equal(after(first, word(1), now + 5, of), first, 'it is not its turn')
  const second = after(first, word(0), now + 5, of)
  assert.deepEqual(gateAsked(second, of), { gate: migration, at: 1, since: now + 5 })
  const left = after(second, word(1), now + 9, of)
  assert.deepEqual(left, { phase: 'watching', attempt: 2, step: 1, since: now + 9, evidenceMs: 0 })
})

test('a gate beside the evidence: the step is left when both are there, and by the evidence', () => {
  const of: Plan = {
    ...plan,
    steps: [
      { ...five, gates: [ready] },
      { ...five, weightBp: 2_500 },
    ],
  }
  const state = begun(of)
  const waiting = after(state, events.judged, now, of)
  assert.equal('step' in waiting && waiting.step, 0)
  const passed = after(waiting, word(0), now, of)
  assert.equal('step' in passed && passed.step, 0, 'a gate alone moves no traffic where there is evidence')
  const left = after(passed, events.judged, now, of)
  assert.equal('step' in left && left.step, 1)
})

test('a gate that fails sends all traffic back, or is held for a person and asked anew on resume, with all its time', () => {
  const strict = gated(ready)
  const back = after(begun(strict), word(0, 'failed'), now, strict)
  assert.deepEqual([back.phase, 'reason' in back && back.reason], ['rolling-back', 'gate'])
  const of = gated(migration)
  const held = after(begun(of), word(0, 'failed'), now + 1, of)
  assert.deepEqual([held.phase, 'reason' in held && held.reason], ['holding', 'gate'])
  assert.equal(after(held, word(0), now + 2, of), held, 'it is not asked while it is held')
  const again = after(held, events.resume, now + 60, of)
  assert.deepEqual([again.phase, gateAsked(again, of)?.since], ['watching', now + 60])
  const left = after(again, word(0), now + 61, of)
  assert.equal('step' in left && left.step, 1)
})

test('a gate that fails during a pause is asked anew as well, whoever held the rollout and why', () => {
  const of = gated(migration)
  const paused = after(begun(of), events.pause, now + 1, of)
  const failed = after(paused, word(0, 'failed'), now + 2, of)
  assert.equal('reason' in failed && failed.reason, 'operator', 'it stays held by the person')
  const overruled = after(after(begun(of), word(0, 'failed'), now + 1, of), events.pause, now + 2, of)
  for (const held of [failed, overruled])
    assert.equal(gateAsked(after(held, events.resume, now + 60, of), of)?.since, now + 60)
})

test('a pause does not ask a gate anew that is being asked', () => {
  const of = gated(migration)
  const paused = after(begun(of), events.pause, now + 10, of)
  assert.equal(gateAsked(paused, of)?.since, now)
  assert.equal(gateAsked(after(paused, events.resume, now + 20, of), of)?.since, now)
})

test('what passes while it is held counts, and the step without traffic is left on resume', () => {
  const of = gated(migration)
  const held = after(after(begun(of), events.pause, now, of), word(0), now, of)
  assert.equal(held.phase, 'holding')
  const on = after(held, events.resume, now, of)
  assert.equal('step' in on && on.step, 1)
  const waits: Plan = { ...of, steps: of.steps.map((step) => ({ ...step, pause: true })) }
  const paused = after(after(begun(waits), word(0), now, waits), events.pause, now, waits)
  const plans = after(paused, events.resume, now, waits)
  assert.equal('reason' in plans && plans.reason, 'pause-step', 'the pause of the plan is still to come')
})

test('an approval takes as many different people as it says, only those who may, and no other word', () => {
  const of = gated(approval)
  const one = after(begun(of), yes('ann'), now, of)
  assert.deepEqual('approvals' in one && one.approvals, ['ann'])
  const refused = (by: string): unknown => advance(one, yes(by), of, now)
  assert.deepEqual(refused('ann'), { refused: 'ann has approved "approval" already; 1 more have to.' })
  assert.deepEqual(refused('eve'), { refused: '"approval" is approved by ann, bob, cid; you are eve.' })
  assert.equal(after(one, word(0), now, of), one)
  const left = after(one, yes('bob'), now, of)
  assert.equal('step' in left && left.step, 1)
  const later = gated(window, approval)
  assert.deepEqual(advance(begun(later), yes('ann'), later, now), {
    refused: 'The gate "window" comes first; it is asked, not approved.',
  })
})

test('an approval of a step or a gate that is not asked any more approves nothing', () => {
  const of = gated(approval)
  const state = begun(of)
  const said = (seen: object): unknown => advance(state, { ...yes('ann'), ...seen }, of, now)
  assert.deepEqual(said({ seenStep: 1 }), {
    refused: 'The rollout is at step 1, not at step 2 any more. Look again.',
  })
  assert.deepEqual(said({ seenGate: 'lawyers' }), {
    refused: 'The gate "approval" is asked, not "lawyers" any more. Look again.',
  })
  assert.deepEqual(said({ seenStep: 0, seenGate: 'approval' }), advance(state, yes('ann'), of, now))
})

test('a wall clock that was set back does not lengthen what a gate has', () => {
  const of = gated(migration)
  const state = after(begun(of), events.tick, now - 7_200_000, of)
  assert.equal(gateAsked(state, of)?.since, now - 7_200_000)
})

test('time in which a gate is asked is not time of the deadline', () => {
  const of: Plan = { ...plan, steps: [{ ...five, gates: [window] }], deadlineMs: 1_000 }
  const state = begun(of)
  assert.equal(after(state, events.tick, now + 1e9, of), state)
  const passed = after(state, word(0), now + 1e9, of)
  assert.equal(after(passed, events.tick, now + 1e9 + 999, of).phase, 'watching')
  const held = after(passed, events.tick, now + 1e9 + 1_000, of)
  assert.equal('reason' in held && held.reason, 'deadline')
})
