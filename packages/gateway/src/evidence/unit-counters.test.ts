import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNew, isServed, recentFactor, UnitCounters } from './unit-counters.ts'

type Step =
  | { readonly do: 'add' | 'epoch'; readonly key: number }
  | { readonly do: 'count'; readonly key: number; readonly kind: number }
  | { readonly do: 'meet'; readonly key: number; readonly side: 0 | 1 }

test('it counts as plain maps would, up to ten, in all and since the epoch, whatever the order of units and events', () => {
  const key = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.nat(0xffffffff))
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
    { weight: 24, arbitrary: fc.record({ do: fc.constant('count' as const), key, kind: fc.nat(6) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('meet' as const), key, side: fc.constantFrom(0 as const, 1 as const) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('epoch' as const), key }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const counters = new UnitCounters()
      const known = new Map<number, { all: number[]; recent: number[]; served: Set<number> }>()
      const zeros = () => Array.from({ length: 7 }, () => 0)
      for (const each of steps) {
        const name = each.key === 0 ? 1 : each.key >>> 0
        const unit = known.get(name)
        if (each.do === 'epoch') {
          counters.beginEpoch()
          for (const other of known.values()) other.recent = zeros()
        } else if (each.do === 'add') {
          assert.equal(counters.add(each.key), unit === undefined)
          if (unit === undefined) known.set(name, { all: zeros(), recent: zeros(), served: new Set() })
        } else if (each.do === 'meet') {
          const expected = (unit === undefined ? isNew : 0) | (unit?.served.has(each.side) === true ? 0 : isServed)
          assert.equal(counters.meet(each.key, each.side), expected)
          const served = new Set([...(unit?.served ?? []), each.side])
          known.set(name, { all: unit?.all ?? zeros(), recent: unit?.recent ?? zeros(), served })
        } else if (each.do === 'count') {
          const { kind } = each
          const next = (counts: number[] | undefined) => {
            const before = counts?.[kind] ?? 10
            if (counts !== undefined && before < 10) counts[kind] = before + 1
            return before < 10 ? before + 1 : 0
          }
          const [all, recent] = [next(unit?.all), next(unit?.recent)]
          assert.equal(counters.count(each.key, kind), all + recentFactor * recent)
        }
      }
      assert.equal(counters.size, known.size)
    }),
  )
})

test('a full table takes nobody in, says how often, and goes on counting whom it knows', () => {
  const counters = new UnitCounters(1_000)
  let key = 12_345
  const keys: number[] = []
  for (let i = 0; i < 1_500; i += 1) {
    key = (Math.imul(key, 1_664_525) + 1_013_904_223) >>> 0
    keys.push(key)
    counters.add(key)
  }
  assert.equal(counters.size, 1_000)
  assert.equal(counters.refused, 500)
  assert.equal(counters.count(keys[0] ?? 0, 0), 1 + recentFactor)
  assert.equal(counters.count(keys[1_400] ?? 0, 0), 0)
  assert.deepEqual([counters.meet(keys[1_400] ?? 0, 0), counters.refused], [0, 501])
  counters.clear()
  assert.equal(counters.add(keys[1_400] ?? 0), true)
})

test('a table that grows forgets nothing of anybody', () => {
  const counters = new UnitCounters()
  const keys = Array.from({ length: 20_000 }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 0)
  for (const key of keys) {
    counters.add(key)
    counters.meet(key, 1)
    counters.count(key, 0)
  }
  counters.beginEpoch()
  for (const key of keys) counters.count(key, 0)
  for (const key of keys) {
    assert.deepEqual([counters.add(key), counters.meet(key, 1), counters.meet(key, 0)], [false, 0, isServed])
    assert.equal(counters.count(key, 0), 3 + recentFactor * 2)
  }
  for (const key of keys.map((key) => key ^ 0x55555555)) counters.add(key)
  for (const key of keys) assert.equal(counters.count(key, 0), 4 + recentFactor * 3)
})
