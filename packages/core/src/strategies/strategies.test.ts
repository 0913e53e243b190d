import { parseServiceFile } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../plan.ts'
import { planOf } from './plan-of.ts'

/** The plan of a strategy for a service with so many copies of each version. */
function compiled(strategy: string, copies = 4): Plan {
  const file = parseServiceFile(`serin: v1
services:
  shop:
    listen: 8080
    workload: { kind: process, command: [run], replicas: ${copies} }
    versions: { v1: {}, v2: {} }
    stable: v1
    metrics:
      errors: { kind: errors }
      bought: { kind: observation, role: goal, better: higher }
    strategy: ${strategy}
`)
  const service = file.services['shop']
  assert.ok(service)
  return planOf(service, { stable: 'v1', canary: 'v2' })
}

const step = { holdMs: 0, pause: false }
const minute = 60_000

test('any strategy: past its deadline a step is held, or goes back when the file says so', () => {
  const canary = (more: string) => compiled(`{ kind: canary, steps: [{ weight: 5% }]${more} }`)
  assert.equal(canary('').onDeadline, undefined)
  assert.equal(canary(', onDeadline: rollback').onDeadline, 'rollback')
  assert.equal(compiled('{ kind: ab, goal: bought, units: 100, onDeadline: rollback }').onDeadline, 'rollback')
})

test('blue-green: green is validated without traffic, takes everything at once, and is watched', () => {
  const { steps } = compiled(
    '{ kind: blue-green, gates: [{ kind: command, command: [test] }, { kind: approval, people: 2 }], bake: 10m }',
  )
  assert.deepEqual(
    steps.map(({ name, weightBp, holdMs, passes }) => ({ name, weightBp, holdMs, passes })),
    [
      { name: 'preview', weightBp: 0, holdMs: 0, passes: undefined },
      { name: 'bake', weightBp: 10_000, holdMs: 10 * minute, passes: 'no-harm' },
    ],
  )
  assert.deepEqual(
    steps[0]?.gates?.map(({ name }) => name),
    ['command', 'approval'],
  )
})

test('blue-green: a switch over a time begins at nothing and grows evenly to everything', () => {
  const { steps } = compiled('{ kind: blue-green, over: 5m, bake: 0s }')
  assert.deepEqual(steps, [
    { ...step, name: 'switch', weightBp: 10_000, fromBp: 0, holdMs: 5 * minute, passes: 'no-harm' },
  ])
})

test('gates of one kind get names of their own', () => {
  const gate = '{ kind: http, url: "{preview}/ready" }'
  const { steps } = compiled(
    `{ kind: blue-green, gates: [${gate}, ${gate}, { kind: http, name: warm, url: "http://x/" }] }`,
  )
  assert.deepEqual(
    steps[0]?.gates?.map(({ name }) => name),
    ['http', 'http-2', 'warm'],
  )
})

test('rolling: copy by copy, each with its own share', () => {
  const { steps } = compiled('{ kind: rolling }')
  assert.deepEqual(
    steps.map(({ weightBp, canaryReplicas, stableReplicas }) => [
      weightBp,
      canaryReplicas,
      stableReplicas?.starting,
      stableReplicas?.serving,
    ]),
    [
      [2_500, 1, 4, 3],
      [5_000, 2, 3, 2],
      [7_500, 3, 2, 1],
      [10_000, 4, 1, 1],
    ],
  )
})

test('rolling: never more copies than allowed, never fewer than needed, whatever the numbers', () => {
  const part = fc.oneof(
    fc.nat(10),
    fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), part, part, (copies, maxSurge, maxUnavailable) => {
      const count = (value: number | string, round: (value: number) => number) =>
        typeof value === 'number' ? Math.min(copies, value) : round((Number.parseInt(value, 10) * copies) / 100)
      const [surge, unavailable] = [count(maxSurge, Math.ceil), count(maxUnavailable, Math.floor)]
      if (surge === 0 && unavailable === 0) return
      const { steps } = compiled(
        `{ kind: rolling, maxSurge: ${JSON.stringify(maxSurge)}, maxUnavailable: ${JSON.stringify(maxUnavailable)} }`,
        copies,
      )
      let [up, share] = [0, 0]
      for (const { canaryReplicas = 0, stableReplicas, weightBp, mostCopies } of steps) {
        assert.ok(stableReplicas)
        assert.equal(mostCopies, copies + surge)
        // Warm: the last of stable stays.
        assert.ok(canaryReplicas + stableReplicas.starting <= copies + surge || stableReplicas.starting === 1)
        assert.ok(up + stableReplicas.starting >= copies - unavailable, 'while copies start')
        assert.ok(canaryReplicas + stableReplicas.serving >= copies - unavailable, 'once they serve')
        assert.ok(stableReplicas.starting >= Math.floor(copies * (1 - share)) - unavailable)
        assert.ok(canaryReplicas > up && weightBp > share * 10_000)
        ;[up, share] = [canaryReplicas, weightBp / 10_000]
      }
      assert.deepEqual([up, share], [copies, 1])
    }),
  )
})

test('rolling: without room to move nothing could be done, and it is said', () => {
  assert.throws(() => compiled('{ kind: rolling, maxSurge: 0, maxUnavailable: 0 }'), /maxSurge or maxUnavailable/)
})

test('shares by replicas divide the copies; both: canary has what its share needs, stable has all', () => {
  const steps = '[{ weight: 25% }, { weight: 50% }]'
  assert.deepEqual(
    compiled(`{ kind: canary, by: replicas, steps: ${steps} }`).steps.map((each) => [
      each.weightBp,
      each.canaryReplicas,
      each.stableReplicas?.starting,
      each.stableReplicas?.serving,
    ]),
    [
      [2_500, 1, 4, 3],
      [5_000, 2, 4, 2],
      [10_000, 4, undefined, undefined],
    ],
  )
  assert.deepEqual(
    compiled(`{ kind: canary, by: both, steps: [{ weight: 1% }, { weight: 60% }] }`).steps.map((each) => [
      each.weightBp,
      each.canaryReplicas,
      each.stableReplicas,
    ]),
    [
      [100, 1, undefined],
      [6_000, 3, undefined],
      [10_000, 4, undefined],
    ],
  )
})

test('after a step with fewer copies every share waits for all of them', () => {
  const steps = '[{ weight: 1% }, { weight: 5%, replicas: 1 }, { weight: 50% }]'
  assert.deepEqual(
    compiled(`{ kind: canary, steps: ${steps} }`).steps.map((each) => [each.weightBp, each.canaryReplicas]),
    [
      [100, undefined],
      [500, 1],
      [5_000, 4],
      [10_000, 4],
    ],
  )
})

test('a share that whole copies cannot make is refused with the nearest that they can', () => {
  const two = (weight: string) => compiled(`{ kind: canary, by: replicas, steps: [{ weight: ${weight} }] }`, 2)
  assert.throws(() => two('5%'), /Nearest: 50 % \(1 of 2\)/)
  assert.equal(two('50%').steps[0]?.canaryReplicas, 1)
  const three = (weight: string) => compiled(`{ kind: canary, by: replicas, steps: [{ weight: ${weight} }] }`, 3)
  assert.throws(() => three('50%'), /Nearest: 33.33 % \(1 of 3\), 66.67 % \(2 of 3\)/)
  assert.equal(three('33.33%').steps[0]?.canaryReplicas, 1)
  assert.throws(() => compiled('{ kind: canary, by: replicas, steps: [{ weight: 5% }] }', 1), /at least 2 replicas/)
})

test('a step without a share needs something that ends it', () => {
  const route = 'route: [{ name: staff, header: { x-staff: { present: true } } }]'
  const first = (more: string) => compiled(`{ kind: canary, steps: [{ weight: 0%, ${route}${more} }, { weight: 5% }] }`)
  assert.throws(() => first(''), /nothing else would end it/)
  assert.equal(first(', pause: true').steps[0]?.rules?.[0]?.to, 'canary')
})

test('A/B: one share until the goal is decided', () => {
  const plan = compiled('{ kind: ab, share: 40%, goal: bought, units: 5000 }')
  assert.deepEqual(plan.steps, [{ ...step, name: 'experiment', weightBp: 4_000, passes: 'decided' }])
  assert.deepEqual(plan.goal, { metric: 'bought', maxUnits: 5_000 })
  assert.throws(() => compiled('{ kind: ab, goal: errors, units: 5000 }'), /No metric with "role: goal"/)
})

test('shadow: no share, copies that are compared, then a person', () => {
  const { steps } = compiled('{ kind: shadow, maxDifferent: 2%, pairs: 500, hold: 1m }')
  const [shadow] = steps
  assert.deepEqual([shadow?.weightBp, shadow?.holdMs, shadow?.pause], [0, minute, true])
  assert.deepEqual(shadow?.mirror, {
    shareBp: 10_000,
    methods: ['GET', 'HEAD'],
    body: 'json',
    ignored: [],
    tolerance: 0,
    timeoutMs: 10_000,
    maxDifferentRatio: 0.02,
    minPairs: 500,
  })
  assert.throws(() => compiled('{ kind: shadow, maxDifferent: 0% }'), /cannot be proved/)
})

test('composite: stages one after the other, shares that never shrink', () => {
  const { steps, goal } = compiled(`
      kind: composite
      bake: 1m
      stages:
        - { kind: validate, gates: [{ kind: command, command: [test] }] }
        - { kind: canary, steps: [{ weight: 1%, replicas: 1, name: one copy }] }
        - { kind: ab, share: 25%, goal: bought, units: 2000 }
        - { kind: canary, steps: [{ weight: 50%, hold: 1m }] }
        - { kind: switch, gates: [{ kind: approval }] }
`)
  assert.deepEqual(
    steps.map(({ name, weightBp, passes, canaryReplicas }) => [name, weightBp, passes, canaryReplicas]),
    [
      ['validate', 0, undefined, undefined],
      ['one copy', 100, undefined, 1],
      ['experiment', 2_500, 'decided', 4],
      [undefined, 5_000, undefined, 4],
      ['switch', 5_000, undefined, 4],
      ['bake', 10_000, 'no-harm', 4],
    ],
  )
  assert.equal(goal?.maxUnits, 2_000)
  assert.throws(
    () =>
      compiled(
        '{ kind: composite, stages: [{ kind: canary, steps: [{ weight: 30% }] }, { kind: ab, share: 25%, goal: bought, units: 200 }] }',
      ),
    /at least the 30%/,
  )
  assert.throws(
    () => compiled('{ kind: composite, stages: [{ kind: switch }, { kind: canary, steps: [{ weight: 30% }] }] }'),
    /no stage after the switch/,
  )
})
