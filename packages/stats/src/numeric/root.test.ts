import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRoot, firstNotBelow } from './root.ts'

test('a root is found to relative precision at any scale', () => {
  fc.assert(
    fc.property(fc.double({ min: -290, max: 290, noNaN: true }), fc.constantFrom(1, 3, 5), (exponent, power) => {
      const wanted = 10 ** exponent
      const root = findRoot((x) => Math.sign(x - wanted) * Math.abs(x / wanted - 1) ** power, {
        low: 0,
        high: 1e6 * wanted,
      })
      // A flat root of third or fifth order is known to the cube or fifth root of the rounding error.
      assert.ok(Math.abs(root / wanted - 1) < 2 ** (-45 / power), `${wanted}: ${root}`)
    }),
  )
})

test('a step has its root where it steps', () => {
  const step = findRoot((x) => (x < 0.1 ? 1 : -1), { low: 0, high: 10 })
  assert.ok(Math.abs(step - 0.1) < 1e-14)
})

test('ends are roots too, and without a change of sign there is none', () => {
  assert.equal(
    findRoot((x) => x - 2, { low: 2, high: 3 }),
    2,
  )
  assert.equal(
    findRoot((x) => x - 3, { low: 2, high: 3 }),
    3,
  )
  assert.ok(Number.isNaN(findRoot((x) => x, { low: 1, high: 2 })))
  assert.ok(Number.isNaN(findRoot(() => Number.NaN, { low: 1, high: 2 })))
})

test('a bracket is found by doubling, or not at all', () => {
  assert.equal(
    firstNotBelow((x) => x - 5, 1),
    8,
  )
  assert.ok(Number.isNaN(firstNotBelow(() => -1, 1)))
})
