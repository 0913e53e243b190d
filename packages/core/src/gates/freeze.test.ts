import { momentOf } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freezeAt } from './freeze.ts'

const midnight = momentOf('2026-12-20T00:00:00Z')

test('a freeze is in force from its beginning until before its end, in whichever zone its times are written', () => {
  const night = { from: '2026-12-20T00:00:00Z', to: '2026-12-20T09:00:00+01:00', why: 'Nobody is here.' }
  const ends = midnight + 8 * 3_600_000
  assert.equal(freezeAt([night], midnight - 1), null)
  assert.equal(freezeAt([night], midnight), night)
  assert.equal(freezeAt([night], ends - 1), night)
  assert.equal(freezeAt([night], ends), null)
})

const minute = fc.integer({ min: 0, max: 59 })
const clock = (minutes: number): string => `2026-12-20T00:${String(minutes).padStart(2, '0')}:00Z`
const spans = fc.array(fc.tuple(minute, minute), { maxLength: 6 })

test('of many freezes it is the first that is in force, and none when none is', () => {
  fc.assert(
    fc.property(spans, minute, (all, now) => {
      const freezes = all.map(([from, to]) => ({ from: clock(from), to: clock(to), why: '' }))
      const first = all.findIndex(([from, to]) => from <= now && now < to)
      assert.equal(freezeAt(freezes, midnight + now * 60_000), freezes[first] ?? null)
    }),
  )
})
