import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freezeAt } from './freeze.ts'

const christmas = { from: '2026-12-20T00:00:00Z', to: '2027-01-02T00:00:00+01:00', why: 'Nobody is here.' }
const begins = Date.UTC(2026, 11, 20)
const ends = Date.UTC(2027, 0, 1, 23)

test('a freeze is in force from its beginning until before its end, in whichever zone its times are written', () => {
  assert.equal(freezeAt([christmas], begins - 1), null)
  assert.equal(freezeAt([christmas], begins), christmas)
  assert.equal(freezeAt([christmas], ends - 1), christmas)
  assert.equal(freezeAt([christmas], ends), null)
})

const moment = fc.integer({ min: 0, max: 10_000 })
const freeze = fc
  .tuple(moment, fc.integer({ min: 1, max: 3_000 }))
  .map(([from, ms]) => ({ from, to: from + ms }))
  .map(({ from, to }) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), why: `${from}` }))

test('of many freezes it is the first that is in force, and none when none is', () => {
  fc.assert(
    fc.property(fc.array(freeze, { maxLength: 6 }), moment, (freezes, now) => {
      const inForce = freezes.filter(({ from, to }) => now >= Date.parse(from) && now < Date.parse(to))
      assert.equal(freezeAt(freezes, now), inForce[0] ?? null)
    }),
  )
})
