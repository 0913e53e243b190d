import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Plan } from '../plan.ts'
import { advance } from './advance.ts'
import { askedWeightBp, nextWeightBp } from './asked.ts'
import { begin, isOver, type RolloutState } from './state.ts'
import { after } from './testing/after.ts'
import { cells, events, now, plan, states, type Cell } from './testing/cells.ts'
import type { RolloutEvent } from './event.ts'

function become(cell: Cell, state: RolloutState): unknown {
  if (cell.becomes === 'stays') return { state }
  return 'refused' in cell.becomes ? { refused: cell.becomes.refused } : { state: cell.becomes }
}

describe('every cell of the table', () => {
  for (const [phase, row] of Object.entries(cells)) {
    for (const [type, cell] of Object.entries(row)) {
      test(`${phase} × ${type}: ${cell.promise}`, () => {
        const state = states[phase as RolloutState['phase']]
        const event = events[type as RolloutEvent['type']]
        assert.deepEqual(advance(state, event, plan, now), become(cell, state))
      })
    }
  }
})

const watching = states.watching
const judged = (more: Partial<Extract<RolloutEvent, { type: 'judged' }>>): RolloutEvent => ({
  ...events.judged,
  ...more,
})

test('harm sends all traffic back from every phase in which canary has any', () => {
  for (const phase of ['watching', 'holding', 'promoting'] as const) {
    const state = after(states[phase], judged({ verdict: 'harmful', why: 'errors', creditMs: 0 }))
    assert.deepEqual(state, {
      phase: 'rolling-back',
      attempt: 2,
      since: now,
      reason: 'harmful',
      by: 'serin',
      why: 'errors',
    })
    assert.equal(askedWeightBp(state, plan), 0)
  }
})

test('evidence of another attempt changes nothing, not even when it says harm', () => {
  for (const phase of ['watching', 'holding', 'promoting'] as const) {
    for (const verdict of ['harmful', 'safe'] as const)
      assert.equal(after(states[phase], judged({ attempt: 1, verdict, creditMs: 60_000 })), states[phase])
  }
})

test('a step needs its evidence time, a safe verdict and a slot with samples, all at once', () => {
  const short = { ...watching, evidenceMs: 0 }
  assert.equal(after(short, judged({ creditMs: 59_999 })).phase, 'watching')
  assert.deepEqual(after(short, judged({ creditMs: 60_000 })), { ...watching, step: 1, since: now, evidenceMs: 0 })
  assert.deepEqual(after(short, judged({ verdict: 'undecided', creditMs: 90_000 })), { ...short, evidenceMs: 90_000 })
  assert.deepEqual(after({ ...short, evidenceMs: 90_000 }, judged({ creditMs: 0 })), { ...short, evidenceMs: 90_000 })
  const noHold: Plan = { ...plan, steps: [{ weightBp: 500, holdMs: 0, pause: false }] }
  assert.equal(after(short, judged({ creditMs: 0 }), now, noHold).phase, 'watching')
  assert.equal(after(short, judged({ creditMs: 1 }), now, noHold).phase, 'promoting')
})

test('a pause step is held for a person once its evidence is in; resume goes to the next step', () => {
  const atPause: RolloutState = { ...watching, step: 1, evidenceMs: 60_000 }
  const held = after(atPause, judged({}))
  assert.deepEqual(held, {
    phase: 'holding',
    attempt: 2,
    step: 1,
    since: now,
    evidenceMs: 61_000,
    reason: 'pause-step',
    by: 'serin',
    why: 'The plan waits for a person here.',
  })
  assert.deepEqual(after(held, events.resume), { phase: 'watching', attempt: 2, step: 2, since: now, evidenceMs: 0 })
  const operator = after(held, events.pause)
  assert.deepEqual(after(operator, events.resume), {
    phase: 'watching',
    attempt: 2,
    step: 1,
    since: now,
    evidenceMs: 61_000,
  })
})

test('the deadline runs from the end of the hold; it holds, or goes back when the plan says so', () => {
  const before = watching.since + 60_000 + plan.deadlineMs - 1
  assert.equal(after(watching, events.tick, before), watching)
  const held = after(watching, events.tick, before + 1)
  assert.equal(held.phase === 'holding' && held.reason, 'deadline')
  assert.equal(askedWeightBp(held, plan), askedWeightBp(watching, plan))
  assert.equal(after(held, events.tick, before + 1e9), held)
  const back = advance(watching, events.tick, { ...plan, onDeadline: 'rollback' }, before + 1)
  assert.equal('state' in back && back.state.phase === 'rolling-back' && back.state.reason, 'deadline')
})

test('a rollout that is held before any traffic starts anew when it is resumed, and cannot be promoted', () => {
  const held = after(states.preparing, events.pause)
  assert.equal(askedWeightBp(held, plan), 0)
  assert.deepEqual(after(held, judged({ creditMs: 60_000 })), held)
  assert.deepEqual(after(held, events.resume), { phase: 'preparing', attempt: 2, since: now })
  const refused = advance(held, { ...events.promote, full: true }, plan, now)
  assert.ok('refused' in refused)
})

test('promote: one step, all steps, and never on a stale look', () => {
  assert.deepEqual(after(watching, events.promote), { ...watching, step: 1, since: now, evidenceMs: 0 })
  const full = after(watching, { ...events.promote, full: true })
  assert.deepEqual(full, { phase: 'promoting', attempt: 2, since: now, by: 'bob', why: 'because' })
  assert.equal(after({ ...watching, step: 2 }, events.promote).phase, 'promoting')
  assert.equal(after(watching, { ...events.promote, seenStep: 0 }).phase, 'watching')
  for (const state of [watching, states.holding]) {
    const stale = advance(state, { ...events.promote, full: true, seenStep: 1 }, plan, now)
    assert.deepEqual(stale, { refused: 'The rollout is at step 1, not at step 2 any more. Look again.' })
  }
})

test('only what the router says ends a promotion or a rollback', () => {
  for (const weightBp of [0, 500, 9_999])
    assert.equal(after(states.promoting, { type: 'in-force', weightBp }), states.promoting)
  assert.equal(after(states['rolling-back'], { type: 'in-force', weightBp: 0 }).phase, 'rolled-back')
  for (const weightBp of [1, 500, 10_000])
    assert.equal(after(states['rolling-back'], { type: 'in-force', weightBp }), states['rolling-back'])
})

test('a plan without steps takes everything as soon as the version is ready', () => {
  const instant: Plan = { ...plan, strategy: 'instant', steps: [] }
  assert.equal(after(begin(0), events['canary-ready'], now, instant).phase, 'promoting')
})

test('the weight asked and the weight a safe verdict is for, in every phase', () => {
  const table = Object.values(states).map((state) => [
    state.phase,
    askedWeightBp(state, plan),
    nextWeightBp(state, plan),
  ])
  assert.deepEqual(table, [
    ['preparing', 0, 10_000],
    ['watching', 500, 2_500],
    ['holding', 500, 2_500],
    ['promoting', 10_000, 10_000],
    ['rolling-back', 0, 10_000],
    ['promoted', 10_000, 10_000],
    ['rolled-back', 0, 10_000],
  ])
  assert.equal(nextWeightBp({ ...watching, step: 2 }, plan), 10_000)
  assert.deepEqual(Object.values(states).filter(isOver), [states.promoted, states['rolled-back']])
})

test('a wall clock that was set back starts the deadline anew', () => {
  const early = watching.since - 7_200_000
  const state = after(watching, { type: 'tick' }, early)
  assert.deepEqual(state, { ...watching, since: early })
  const lateMs = plan.deadlineMs + (plan.steps[watching.step]?.holdMs ?? 0)
  assert.equal(after(state, { type: 'tick' }, early + lateMs - 1).phase, 'watching')
  assert.equal(after(state, { type: 'tick' }, early + lateMs).phase, 'holding')
})
