import { parseServiceFile, presets } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planInstant } from './canary.ts'
import { planOf } from './plan-of.ts'

const versions = { stable: 'v1', canary: 'v2' }
const hour = 3_600_000

function compiled(strategy: string): ReturnType<typeof planOf> {
  const file = parseServiceFile(`serin: v1
services:
  shop:
    listen: 8080
    workload: { kind: endpoints }
    versions: { v1: { endpoints: ['http://127.0.0.1:1'] }, v2: { endpoints: ['http://127.0.0.1:2'] } }
    stable: v1
    strategy: ${strategy}
`)
  const service = file.services['shop']
  assert.ok(service)
  return planOf(service, versions)
}

test('steps of the file become steps of the plan, in order and down to a hundredth of a percent', () => {
  const plan = compiled(
    '{ kind: canary, steps: [{ weight: 0.01% }, { weight: 5%, hold: 90s }, { weight: 50, pause: true }], deadline: 3h }',
  )
  assert.deepEqual(plan, {
    strategy: 'canary',
    ...versions,
    steps: [
      { weightBp: 1, holdMs: 0, pause: false },
      { weightBp: 500, holdMs: 90_000, pause: false },
      { weightBp: 5_000, holdMs: 0, pause: true },
    ],
    deadlineMs: 3 * hour,
  })
})

/** A tenth, and everything so many minutes later. */
const rest = (minutes: number) => [[10, 0] as const, [100, minutes / 60] as const]
/** A tenth more every so many minutes. */
const tenths = (minutes: number) =>
  Array.from({ length: 10 }, (_, i) => [10 * (i + 1), (i * minutes * 60_000) / hour] as const)

test('the known ramps reach each share when they promise, and everything at last', () => {
  const promised: Readonly<
    Record<(typeof presets)[number], readonly (readonly [percent: number, afterHours: number])[]>
  > = {
    '1-5-25-100': [
      [1, 0],
      [5, 1],
      [25, 6],
      [100, 24],
    ],
    '5-25-50-100': [
      [5, 0],
      [25, 0.5],
      [50, 1],
      [100, 2],
    ],
    'canary-10-5m': rest(5),
    'canary-10-10m': rest(10),
    'canary-10-15m': rest(15),
    'canary-10-30m': rest(30),
    'linear-10-1m': tenths(1),
    'linear-10-2m': tenths(2),
    'linear-10-3m': tenths(3),
    'linear-10-10m': tenths(10),
  }
  for (const preset of presets) {
    const { steps } = compiled(`{ kind: canary, preset: ${preset} }`)
    let atMs = 0
    const reached = [...steps, { weightBp: 10_000, holdMs: 0 }].map(({ weightBp, holdMs }) => {
      const when = [weightBp / 100, atMs / hour] as const
      atMs += holdMs
      return when
    })
    assert.deepEqual(reached, promised[preset])
    assert.ok(steps.every(({ weightBp }, i) => weightBp > (steps[i - 1]?.weightBp ?? 0)))
  }
})

test('going back to a version that was stable needs no steps', () => {
  assert.deepEqual(planInstant(versions).steps, [])
})

test('an adaptive strategy is a ladder up to its greatest share, each rung at most about three times the one below', () => {
  const plan = compiled('{ kind: adaptive, budget: 40, every: 10s, max: 20% }')
  assert.deepEqual(
    plan.steps.map(({ weightBp }) => weightBp),
    [10, 30, 100, 300, 900, 2_000],
  )
  assert.ok(plan.steps.every(({ holdMs, pause }) => holdMs === 10_000 && !pause))
  assert.deepEqual([plan.strategy, plan.budget], ['adaptive', 40])
  assert.equal(compiled('{ kind: adaptive }').steps.at(-1)?.weightBp, 5_000)
})

test('equal and growing steps end below 100 %, and the schedules of the cloud are what they say', () => {
  const shares = (strategy: string) => compiled(strategy).steps.map(({ weightBp }) => weightBp / 100)
  assert.deepEqual(shares('{ kind: canary, linear: { by: 30%, every: 5m } }'), [30, 60, 90])
  assert.deepEqual(shares('{ kind: canary, linear: { by: 50%, every: 5m } }'), [50])
  assert.deepEqual(shares('{ kind: canary, exponential: { from: 5%, every: 5m } }'), [5, 10, 20, 40, 80])
  assert.deepEqual(shares('{ kind: canary, exponential: { from: 0.01%, factor: 10, every: 5m } }'), [0.01, 0.1, 1, 10])
  assert.deepEqual(shares('{ kind: canary, preset: linear-10-1m }'), [10, 20, 30, 40, 50, 60, 70, 80, 90])
  const { steps } = compiled('{ kind: canary, preset: canary-10-15m }')
  assert.deepEqual(steps, [{ weightBp: 1_000, holdMs: 900_000, pause: false }])
  assert.throws(() => compiled('{ kind: canary, linear: { by: 0.5%, every: 5m } }'), /1% to 50%/)
  assert.throws(
    () => compiled('{ kind: canary, preset: linear-10-1m, linear: { by: 10%, every: 5m } }'),
    /exactly one of/,
  )
})
