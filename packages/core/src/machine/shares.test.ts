import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan, PlanStep } from '../plan.ts'
import { advance } from './advance.ts'
import { askedWeightBp } from './asked.ts'
import type { EventOf, RolloutEvent } from './event.ts'
import type { RolloutState } from './state.ts'
import { after } from './testing/after.ts'
import { events, now, plan, states } from './testing/cells.ts'

const step = (weightBp: number, more: Partial<PlanStep> = {}): PlanStep => ({
  weightBp,
  holdMs: 0,
  pause: false,
  ...more,
})
const planOf = (...steps: readonly PlanStep[]): Plan => ({ ...plan, steps })
const judged = (more: Partial<EventOf<'judged'>> = {}): RolloutEvent => ({ ...events.judged, ...more })
const at = (index: number, more: object = {}): RolloutState => ({
  ...states.watching,
  evidenceMs: 0,
  step: index,
  ...more,
})
const where = (state: RolloutState): unknown => ('step' in state ? `${state.phase} ${state.step}` : state.phase)
const reason = (state: RolloutState): unknown => ('reason' in state ? state.reason : null)

test('a share waits for its copies, keeps the one before, and its evidence time begins with it', () => {
  const of = planOf(step(500), step(5_000, { canaryReplicas: 2, holdMs: 60_000 }))
  const waiting = after(at(0), judged(), now, of)
  assert.deepEqual([where(waiting), askedWeightBp(waiting, of)], ['watching 1', 500])
  const still = after(waiting, judged({ creditMs: 90_000 }), now, of)
  assert.deepEqual(still, waiting, 'what is seen at 5 % is no time at 50 %')
  const ready = after(still, { ...events.scaled, step: 1 }, now + 7, of)
  assert.deepEqual(ready, { phase: 'watching', attempt: 2, step: 1, since: now + 7, evidenceMs: 0 })
  assert.equal(askedWeightBp(ready, of), 5_000)
  const late = after(waiting, events.tick, now + 60_000 + of.deadlineMs, of)
  assert.equal('why' in late && late.why, 'The copies of canary were not ready within the deadline of the step.')
})

test('copies that come up while it is held move no traffic; on resume the share follows', () => {
  const of = planOf(step(500), step(5_000, { canaryReplicas: 2 }))
  const waiting = after(at(0), judged(), now, of)
  const held = after(waiting, events.pause, now, of)
  const scaled = { ...events.scaled, step: 1 }
  assert.equal(after(held, scaled, now, of), held)
  const on = after(after(held, events.resume, now, of), scaled, now, of)
  assert.equal(askedWeightBp(on, of), 5_000)
})

test('a schedule grows with its evidence, stands still while it is held, and is left at its end', () => {
  const of = planOf(step(10_000, { fromBp: 0, holdMs: 100_000, passes: 'no-harm' }))
  const undecided = judged({ verdict: 'undecided', creditMs: 49_000 })
  const half = after(at(0), undecided, now, of)
  assert.deepEqual([askedWeightBp(at(0), of), askedWeightBp(half, of)], [100, 5_000])
  const held = after(half, events.pause, now, of)
  assert.equal(askedWeightBp(after(held, undecided, now, of), of), 5_000)
  assert.equal(askedWeightBp(after(half, judged({ creditMs: 0 }), now, of), of), 5_000)
  const end = after(half, undecided, now, of)
  assert.deepEqual([where(end), askedWeightBp(end, of)], ['watching 0', 9_900])
  assert.equal(where(after(end, judged({ verdict: 'undecided', creditMs: 2_000 }), now, of)), 'promoting')
  assert.equal(where(after(end, judged({ verdict: 'harmful' }), now, of)), 'rolling-back')
})

test('an experiment is left when canary is better and safe, goes back when enough units have not shown it, and only then', () => {
  const of = planOf(step(5_000, { passes: 'decided' }), step(10_000, { passes: 'no-harm', holdMs: 60_000 }))
  const better = { verdict: 'better', why: 'It sells more.' } as const
  assert.equal(where(after(at(0), judged(), now, of)), 'watching 0', 'safe is not better')
  assert.equal(where(after(at(0), judged({ verdict: 'undecided', goal: better }), now, of)), 'watching 0')
  assert.equal(where(after(at(0), judged({ goal: better }), now, of)), 'watching 1')
  const given = judged({ verdict: 'undecided', goal: { verdict: 'not-shown', why: '1000 units have not shown it.' } })
  const back = after(at(0), given, now, of)
  assert.deepEqual([reason(back), 'why' in back && back.why], ['no-gain', '1000 units have not shown it.'])
  assert.equal(where(after(at(1), given, now, of)), 'watching 1', 'the experiment is over')
})

test('with all traffic it is watched, promoted when nothing speaks against it, and goes back on harm', () => {
  const of = planOf(step(500), step(10_000, { passes: 'no-harm', holdMs: 60_000 }))
  const bake = after(at(0), judged(), now, of)
  assert.deepEqual([where(bake), askedWeightBp(bake, of)], ['watching 1', 10_000])
  const undecided = judged({ verdict: 'undecided', creditMs: 59_999 })
  const almost = after(bake, undecided, now, of)
  assert.equal(where(almost), 'watching 1')
  assert.equal(where(after(almost, undecided, now, of)), 'promoting')
  assert.equal(where(after(almost, judged({ verdict: 'harmful' }), now, of)), 'rolling-back')
  const full: RolloutEvent = { ...events.promote, full: true }
  assert.equal(where(after(at(0), full, now, of)), 'watching 1', 'in a hurry it is watched too')
  assert.equal(where(after(bake, full, now, of)), 'promoting')
})

test('units that canary has not served yet keep it where it is', () => {
  const of = planOf(step(500, { minUnits: 100 }))
  assert.equal(where(after(at(0), judged({ units: 99 }), now, of)), 'watching 0')
  assert.equal(where(after(at(0), judged({ units: 100 }), now, of)), 'promoting')
})

test('missing evidence holds or goes back, as the service says, and only where canary should have some', () => {
  const of = planOf(step(0, { canaryReplicas: 1 }), step(500, { canaryReplicas: 2 }))
  const back = { ...events.unhealthy, do: 'rollback' } as const
  assert.equal(reason(after(at(1), events.unhealthy, now, of)), 'no-evidence')
  assert.equal(reason(after(at(1), back, now, of)), 'no-evidence')
  assert.equal(where(after(at(1), back, now, of)), 'rolling-back')
  assert.equal(where(after(states.holding, back)), 'rolling-back')
  assert.equal(after(at(1), { ...back, attempt: 1 }, now, of).phase, 'watching')
  for (const nothing of [at(0, { waitingBp: 0 }), at(1, { waitingBp: 0 })])
    assert.equal(after(nothing, back, now, of), nothing)
  const resumed = after(after(at(1), events.unhealthy, now, of), events.resume, now + 1, of)
  assert.deepEqual([where(resumed), resumed.since], ['watching 1', now + 1])
})

test('a jump goes to any step and begins it anew; not beyond the plan, and not on a stale look', () => {
  const jump = (to: number, seenStep: number | null = null): RolloutEvent => ({ ...events.jump, to, seenStep })
  const forward = after(at(0, { evidenceMs: 5 }), jump(2, 0))
  assert.deepEqual(forward, { phase: 'watching', attempt: 2, step: 2, since: now, evidenceMs: 0 })
  assert.equal(where(after(forward, jump(0))), 'watching 0')
  assert.equal(where(after({ ...states.holding, step: 1 }, jump(1))), 'watching 1')
  const refused = (event: RolloutEvent): unknown => advance(at(0), event, plan, now)
  assert.deepEqual(refused(jump(2, 1)), { refused: 'The rollout is at step 1, not at step 2 any more. Look again.' })
  assert.deepEqual(refused(jump(3)), { refused: 'The plan has steps 1 to 3; there is no step 4.' })
  for (const to of [-1, 0.5]) assert.ok('refused' in advance(at(0), jump(to), plan, now))
})

test('a jump back to a schedule that waits for copies begins at its start', () => {
  const of = planOf(step(10_000, { fromBp: 0, holdMs: 10_000, canaryReplicas: 2, passes: 'no-harm' }), step(10_000))
  const back = after(at(1), { ...events.jump, to: 0 }, now, of)
  const ready = after(back, events.scaled, now, of)
  assert.deepEqual([askedWeightBp(back, of), askedWeightBp(ready, of)], [1_000, 1_000])
})
