import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notPacedYet, paced } from './paced.ts'

test('a jump counts for no more than its time, a fall counts whole, and what was cut does not come back', () => {
  const jumped = paced(notPacedYet, 12, 1_000)
  assert.deepEqual(jumped, { rawLogE: 12, logE: 1 })
  assert.deepEqual(paced(jumped, 12, 1_000), { rawLogE: 12, logE: 1 })
  assert.deepEqual(paced(jumped, 10, 1_000), { rawLogE: 10, logE: -1 })
  assert.deepEqual(paced(jumped, 12.2, 500), { rawLogE: 12.2, logE: 1 + (12.2 - 12) })
  assert.deepEqual(paced(jumped, 20, 250), { rawLogE: 20, logE: 1.25 })
})

test('evidence that grows steadily decides after as many seconds as it needs', () => {
  let state = notPacedYet
  for (let second = 1; second <= 6; second += 1) state = paced(state, 40 * second, 1_000)
  assert.equal(state.logE, 6)
})
