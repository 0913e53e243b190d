import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { RoutingArm } from '../routing.ts'
import { assign, boundOf, bucketOf, compilePick } from './assign.ts'
import { compileHash, murmurHash2 } from './murmur-hash2.ts'

interface Vectors {
  readonly salt: string
  readonly splits: Readonly<Record<string, readonly (readonly [version: string, weightBp: number])[]>>
  readonly vectors: readonly (readonly [unit: string, answers: string])[]
}

const recorded: Vectors = JSON.parse(readFileSync(new URL('nginx-vectors.json', import.meta.url), 'utf8'))

function canaryAt(weightBp: number): RoutingArm[] {
  return [
    { version: 'canary', endpoints: [], weightBp },
    { version: 'stable', endpoints: [], weightBp: 10_000 - weightBp },
  ]
}

const weights = fc.integer({ min: 0, max: 10_000 })

test('every recorded answer of a real nginx is reproduced', () => {
  assert.ok(recorded.vectors.length >= 190)
  for (const [unit, answers] of recorded.vectors) {
    const ours = Object.values(recorded.splits).map((arms) =>
      assign(
        { salt: recorded.salt, arms: arms.map(([version, weightBp]) => ({ version, weightBp, endpoints: [] })) },
        unit,
      ),
    )
    assert.equal(ours.join(' '), answers, unit)
  }
})

test('a text and its UTF-8 bytes have the same hash', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      assert.equal(murmurHash2(text), murmurHash2(new TextEncoder().encode(text)))
    }),
  )
  assert.equal(murmurHash2('\ud800'), murmurHash2(new TextEncoder().encode('\ud800')), 'a lone surrogate')
})

test('the bounds are those of integer arithmetic', () => {
  for (let bp = 0; bp <= 10_000; bp += 1) assert.equal(boundOf(bp), Number((BigInt(bp) * 0xffffffffn) / 10_000n))
})

test('who is in at a weight stays in at every greater weight', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), weights, weights, (salt, unit, one, other) => {
      const [low, high] = one < other ? [one, other] : [other, one]
      if (assign({ salt, arms: canaryAt(low) }, unit) === 'canary') {
        assert.equal(assign({ salt, arms: canaryAt(high) }, unit), 'canary')
      }
    }),
    { numRuns: 2_000 },
  )
})

test('weight 0 is nobody and weight 100 % is everybody, at both ends of the hash', () => {
  for (const hash of [0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff]) {
    assert.equal(compilePick(canaryAt(0))(hash), 'stable')
    assert.equal(compilePick(canaryAt(10_000))(hash), 'canary')
  }
})

test('shares are the weights, within five standard deviations, for sequential ids', () => {
  const n = 200_000
  for (const weightBp of [1, 100, 500, 3_333, 5_000]) {
    const pick = compilePick(canaryAt(weightBp))
    let inside = 0
    for (let i = 0; i < n; i += 1) if (pick(murmurHash2(`salt-${weightBp}/user-${i}`)) === 'canary') inside += 1
    const share = weightBp / 10_000
    assert.ok(
      Math.abs(inside - n * share) <= 5 * Math.sqrt(n * share * (1 - share)),
      `${weightBp} bp: ${inside} of ${n}`,
    )
  }
})

test('buckets are even and do not depend on the assignment', () => {
  const n = 128_000
  const counts = new Uint32Array(256)
  const inCanary = new Uint32Array(256)
  const pick = compilePick(canaryAt(2_500))
  for (let i = 0; i < n; i += 1) {
    const unit = `user-${i}`
    const bucket = bucketOf(unit)
    counts[bucket] = (counts[bucket] ?? 0) + 1
    if (pick(murmurHash2(`rollout-7/${unit}`)) === 'canary') inCanary[bucket] = (inCanary[bucket] ?? 0) + 1
  }
  const chi = (expected: number, values: Uint32Array): number =>
    values.reduce((sum, value) => sum + (value - expected) ** 2 / expected, 0)
  // Chi-square with 255 degrees of freedom lies above 365 once in 100 000 times.
  assert.ok(chi(n / 256, counts) < 365)
  assert.ok(chi(n / 1_024, inCanary) < 365)
})

const manyArms = fc
  .array(fc.integer({ min: 0, max: 3_000 }), { minLength: 2, maxLength: 5 })
  .map((some) => [...some.map((weightBp) => Math.min(weightBp, 2_000)), 0])
  .map((some) => {
    const rest = 10_000 - some.reduce((sum, weightBp) => sum + weightBp, 0)
    return some.map((weightBp, i) => ({
      version: `arm-${i}`,
      endpoints: [],
      weightBp: i === some.length - 1 ? rest : weightBp,
    }))
  })
const hashes = fc.integer({ min: 0, max: 0xffffffff })

test('with several arms nobody leaves the first k of them while their shares together grow', () => {
  fc.assert(
    fc.property(manyArms, fc.nat(4), fc.nat(5_000), hashes, (arms, k, growth, hash) => {
      const first = Math.min(k, arms.length - 2)
      const last = arms.length - 1
      const grows = Math.min(growth, arms[last]?.weightBp ?? 0)
      const grown = arms.map((arm, i) =>
        i === first
          ? { ...arm, weightBp: arm.weightBp + grows }
          : i === last
            ? { ...arm, weightBp: arm.weightBp - grows }
            : arm,
      )
      const place = (at: readonly RoutingArm[]): number =>
        at.findIndex(({ version }) => version === compilePick(at)(hash))
      const [before, after] = [place(arms), place(grown)]
      // Only who was behind the growing arm may move, and only forward; nobody moves from one of the others into another but through it.
      if (before <= first) assert.equal(after, before)
      else assert.ok(after <= before && after >= first, `${before} → ${after}`)
    }),
    { numRuns: 2_000 },
  )
})

test('an arm without weight is never picked, whatever the others are', () => {
  fc.assert(
    fc.property(manyArms, hashes, (arms, hash) => {
      const picked = arms.find(({ version }) => version === compilePick(arms)(hash))
      assert.ok((picked?.weightBp ?? 0) > 0)
    }),
  )
  assert.throws(() => compilePick([{ version: 'v1', endpoints: [], weightBp: 0 }]), RangeError)
})

test('a hundredth of a percent is that share of all hashes', () => {
  for (const weightBp of [1, 2, 9_999]) {
    const bound = boundOf(weightBp)
    const pick = compilePick(canaryAt(weightBp))
    assert.deepEqual([pick(bound - 1), pick(bound)], ['canary', 'stable'])
    assert.ok(Math.abs(bound / 2 ** 32 - weightBp / 10_000) < 1e-9)
  }
})

test('another salt draws other people: who was first in one rollout is no likelier to be first in the next', () => {
  const n = 100_000
  const arms = canaryAt(1_000)
  const counts = new Map<string, number>()
  for (let i = 0; i < n; i += 1) {
    const both = ['shop/7.1/', 'shop/7.2/'].map((salt) => assign({ salt, arms }, `user-${i}`)).join(' ')
    counts.set(both, (counts.get(both) ?? 0) + 1)
  }
  const twice = counts.get('canary canary') ?? 0
  assert.ok(Math.abs(twice - n * 0.01) <= 5 * Math.sqrt(n * 0.01), `${twice} of ${n} were in twice`)
})

test('a salt made ready gives the hash of the whole, whatever both are', () => {
  const text = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 90 }), fc.string({ unit: 'binary', maxLength: 9 }))
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 5 }), (salt, units) => {
      const hashOf = compileHash(salt)
      for (const unit of units) assert.equal(hashOf(unit), murmurHash2(salt + unit), JSON.stringify([salt, unit]))
    }),
    { numRuns: 3_000 },
  )
  for (let cut = 0; cut < 12; cut += 1)
    for (let length = 0; length < 12; length += 1)
      assert.equal(
        compileHash('salted-salt/'.slice(cut))('unit-000123~'.slice(length)),
        murmurHash2('salted-salt/'.slice(cut) + 'unit-000123~'.slice(length)),
      )
  assert.equal(compileHash('\ud83d')('\ude00'), murmurHash2('\u{1f600}'), 'a character cut in two')
})
