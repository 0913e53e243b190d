import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xoshiro } from './xoshiro.ts'

test('the generator gives the numbers of the calibration study', () => {
  const uniform = xoshiro(1)
  for (const expected of [0.0915695, 0.5061978, 0.8881928, 0.4872552]) {
    assert.ok(Math.abs(uniform() - expected) < 1e-7)
  }
})
