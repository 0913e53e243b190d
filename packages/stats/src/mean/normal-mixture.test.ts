import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import {
  oneSidedHalfWidth,
  oneSidedLogE,
  oneSidedTuningInformation,
  tuningInformation,
  twoSidedHalfWidth,
  twoSidedLogE,
} from './normal-mixture.ts'

const information = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
const alphas = fc.constantFrom(0.001, 0.01, 0.05)

test('the two-sided interval ends where the evidence against its end reaches 1/alpha', () => {
  fc.assert(
    fc.property(information, alphas, (k, alpha) => {
      assert.ok(Math.abs(twoSidedLogE(twoSidedHalfWidth(k, alpha), k) + Math.log(alpha)) < 1e-9)
    }),
  )
})

test('the one-sided half-width is a little above the exact one, never below', () => {
  fc.assert(
    fc.property(information, alphas, (k, alpha) => {
      const logE = oneSidedLogE(oneSidedHalfWidth(k, alpha), k)
      assert.ok(logE >= -Math.log(alpha) - 1e-9 && logE <= -Math.log(alpha) + 0.7, String(logE))
    }),
  )
})

test('evidence on one side grows with z, and is finite for every z', () => {
  const z = fc.double({ min: -1e4, max: 1e4, noNaN: true })
  fc.assert(
    fc.property(z, z, information, (a, b, k) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      assert.ok(oneSidedLogE(low, k) <= oneSidedLogE(high, k) + 1e-9)
      assert.ok(Number.isFinite(oneSidedLogE(a, k)) && Number.isFinite(twoSidedLogE(a, k)))
    }),
  )
})

test('the average evidence under no effect is 1 at any information', () => {
  const uniform = xoshiro(11)
  for (const k of [0.1, 1]) {
    let [one, two] = [0, 0]
    const draws = 200_000
    for (let i = 0; i < draws; i += 1) {
      const z = normal(uniform)
      one += Math.exp(oneSidedLogE(z, k)) / draws
      two += Math.exp(twoSidedLogE(z, k)) / draws
    }
    assert.ok(Math.abs(one - 1) < 0.02 && Math.abs(two - 1) < 0.02, `${k}: ${one} ${two}`)
  }
})

test('the tuned scale is the tightest at the planned information', () => {
  for (const alpha of [0.01, 0.05]) {
    const tuned = tuningInformation(1_000, alpha)
    const width = (scale: number): number => twoSidedHalfWidth(1_000 / scale, alpha)
    assert.ok(width(tuned) <= width(tuned * 1.5) && width(tuned) <= width(tuned / 1.5))
    assert.equal(oneSidedTuningInformation(1_000, alpha), tuningInformation(1_000, 2 * alpha))
  }
  assert.throws(() => tuningInformation(0, 0.05), RangeError)
  assert.throws(() => tuningInformation(1, 1), RangeError)
  assert.throws(() => twoSidedHalfWidth(1, 0), RangeError)
})
