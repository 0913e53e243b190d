import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnitCounters } from './unit-counters.ts'

test('it counts as a plain map would, up to ten, whatever the order of units and events', () => {
  const step = fc.record({
    key: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.nat(0xffffffff)),
    kind: fc.integer({ min: -1, max: 6 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const counters = new UnitCounters()
      const known = new Map<number, number[]>()
      for (const { key: raw, kind } of steps) {
        const key = raw === 0 ? 1 : raw >>> 0
        const counts = known.get(key)
        if (kind < 0) {
          assert.equal(counters.add(raw), counts === undefined)
          if (counts === undefined)
            known.set(
              key,
              Array.from({ length: 7 }, () => 0),
            )
        } else {
          const before = counts?.[kind]
          assert.equal(counters.count(raw, kind), before === undefined || before >= 10 ? 0 : before + 1)
          if (counts !== undefined && before !== undefined && before < 10) counts[kind] = before + 1
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
  assert.equal(counters.count(keys[0] ?? 0, 0), 1)
  assert.equal(counters.count(keys[1_400] ?? 0, 0), 0)
  counters.clear()
  assert.equal(counters.add(keys[1_400] ?? 0), true)
})
