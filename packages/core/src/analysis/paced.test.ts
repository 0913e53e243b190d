import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notPacedYet, paced } from './paced.ts'

const near = (got: number, wanted: number): void => assert.ok(Math.abs(got - wanted) < 1e-12, `${got}, not ${wanted}`)

test('a jump counts for no more than its time, and what was cut does not come back', () => {
  const jumped = paced(notPacedYet, 12, 1_000)
  assert.deepEqual(jumped, { rawLogE: 12, logE: 1 })
  assert.deepEqual(paced(jumped, 12, 1_000), { rawLogE: 12, logE: 1 })
  near(paced(jumped, 12.2, 500).logE, 1.2)
  near(paced(jumped, 20, 250).logE, 1.25)
})

test('evidence that grows steadily decides after as many seconds as it needs', () => {
  let state = notPacedYet
  for (let second = 1; second <= 6; second += 1) state = paced(state, 40 * second, 1_000)
  assert.equal(state.logE, 6)
})

test('a stall that is over hides no harm: a fall is set against what was cut first', () => {
  let state = paced(notPacedYet, 12, 1_000)
  for (const raw of [9, 5, 1, -1]) state = paced(state, raw, 1_000)
  assert.deepEqual(state, { rawLogE: -1, logE: -1 })
  for (let second = 1; second <= 7; second += 1) state = paced(state, -1 + second, 1_000)
  assert.deepEqual(state, { rawLogE: 6, logE: 6 })
})

test('it never lies above the evidence, and never grows faster than the pace', () => {
  const steps = fc.array(fc.tuple(fc.double({ min: -20, max: 20, noNaN: true }), fc.integer({ min: 0, max: 1_000 })), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(steps, (all) => {
      let state = notPacedYet
      for (const [rawLogE, durationMs] of all) {
        const next = paced(state, rawLogE, durationMs)
        assert.ok(next.logE <= next.rawLogE + 1e-9)
        assert.ok(next.logE - state.logE <= durationMs / 1_000 + 1e-9)
        state = next
      }
    }),
  )
})
