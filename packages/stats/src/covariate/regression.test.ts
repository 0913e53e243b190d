import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coefficients } from './regression.ts'

test('coefficients solve the normal equations', () => {
  const value = fc.integer({ min: -9, max: 9 })
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value, value), { minLength: 6, maxLength: 20 }), (rows) => {
      const product = (i: number, j: number): number =>
        rows.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0)
      const own = [0, 1, 2].map((i) => [0, 1, 2].map((j) => product(i, j)))
      const shared = [0, 1, 2].map((i) => product(i, 3))
      const theta = coefficients({ own, shared })
      for (const [i, row] of own.entries()) {
        const left = row.reduce((sum, x, j) => sum + x * (theta[j] ?? 0), 0)
        // Also when the three determine each other: the equations stay consistent.
        assert.ok(Math.abs(left - (shared[i] ?? 0)) <= 1e-6 * (1 + Math.abs(shared[i] ?? 0)), theta.join())
      }
    }),
  )
})

test('what does not vary, or is told by another, gets no coefficient', () => {
  assert.deepEqual(coefficients({ own: [[0]], shared: [0] }), [0])
  assert.deepEqual(
    coefficients({
      own: [
        [4, 0],
        [0, 0],
      ],
      shared: [2, 0],
    }),
    [0.5, 0],
  )
  const twin = coefficients({
    own: [
      [4, 8],
      [8, 16],
    ],
    shared: [4, 8],
  })
  assert.ok(twin.filter((value) => value === 0).length === 1 && twin.every(Number.isFinite))
})
