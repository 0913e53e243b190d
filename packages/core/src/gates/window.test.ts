import { Gate, momentOf } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { windowIsOpen } from './window.ts'

type Window = Extract<Gate, { kind: 'window' }>

function windowOf(more: Readonly<Record<string, unknown>>): Window {
  const gate = Gate.parse({ kind: 'window', ...more })
  assert.ok(gate.kind === 'window')
  return gate
}

const open = (gate: Window, time: string): boolean => windowIsOpen(gate, momentOf(time))
const names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const clock = fc
  .nat(1_439)
  .map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`)
const someDays = fc.subarray([...names], { minLength: 1 })
const moment = fc.integer({ min: momentOf('2000-01-01T00:00Z'), max: momentOf('2100-01-01T00:00Z') })
const dayMs = 86_400_000

test('office hours, by default on working days in UTC', () => {
  const gate = windowOf({})
  assert.ok(open(gate, '2026-11-25T09:00:00Z'), 'Wednesday, the first minute')
  assert.ok(open(gate, '2026-11-25T16:59:59Z'))
  assert.ok(!open(gate, '2026-11-25T17:00:00Z'))
  assert.ok(!open(gate, '2026-11-25T08:59:59Z'))
  assert.ok(!open(gate, '2026-11-28T12:00:00Z'), 'Saturday')
})

test('a window across midnight belongs to the day on which it opens', () => {
  const gate = windowOf({ days: ['fri'], from: '22:00', to: '04:00' })
  assert.ok(open(gate, '2026-11-27T22:00:00Z') && open(gate, '2026-11-28T03:59:00Z'))
  assert.ok(!open(gate, '2026-11-27T03:00:00Z'), 'the night before')
  assert.ok(!open(gate, '2026-11-28T22:00:00Z') && !open(gate, '2026-11-28T04:00:00Z'))
  const sunday = windowOf({ days: ['sun'], from: '23:00', to: '01:00' })
  assert.ok(open(sunday, '2026-11-30T00:30:00Z'), 'Sunday’s window ends on Monday')
})

test('the clock on the wall counts, also when clocks change', () => {
  const gate = windowOf({ days: [...names], from: '02:00', to: '03:00', timezone: 'Europe/Vienna' })
  // On 29 March 2026 the clock goes from 02:00 to 03:00: the window does not open.
  for (let at = momentOf('2026-03-29T00:00:00Z'); at < momentOf('2026-03-29T04:00:00Z'); at += 60_000)
    assert.ok(!windowIsOpen(gate, at))
  // On 25 October 2026 that hour comes twice: it is open for both.
  assert.ok(open(gate, '2026-10-25T00:00:00Z') && open(gate, '2026-10-25T01:59:59Z'))
  assert.ok(!open(gate, '2026-10-24T23:59:59Z') && !open(gate, '2026-10-25T02:00:00Z'))
  const noon = windowOf({ days: [...names], from: '12:00', to: '13:00', timezone: 'Europe/Vienna' })
  assert.ok(open(noon, '2026-01-15T11:30:00Z') && open(noon, '2026-07-15T10:30:00Z'))
  assert.ok(!open(noon, '2026-01-15T10:30:00Z') && !open(noon, '2026-07-15T11:30:00Z'))
  const kathmandu = windowOf({ days: ['mon'], from: '00:00', to: '00:10', timezone: 'Asia/Kathmandu' })
  assert.ok(open(kathmandu, '2026-11-22T18:15:00Z') && !open(kathmandu, '2026-11-22T18:25:00Z'))
})

test('a window and the one from its end to its begin on all days are never open at once, and one always is', () => {
  fc.assert(
    fc.property(clock, clock, moment, (from, to, at) => {
      fc.pre(from !== to)
      const [one, other] = [
        windowOf({ days: [...names], from, to }),
        windowOf({ days: [...names], from: to, to: from }),
      ]
      assert.notEqual(windowIsOpen(one, at), windowIsOpen(other, at))
    }),
  )
})

test('a week later it is as it was, more days open it more, and the same time twice means all day', () => {
  fc.assert(
    fc.property(someDays, clock, clock, moment, (days, from, to, at) => {
      const gate = windowOf({ days, from, to })
      assert.equal(windowIsOpen(gate, at), windowIsOpen(gate, at + 7 * dayMs))
      if (windowIsOpen(gate, at)) assert.ok(windowIsOpen(windowOf({ days: [...names], from, to }), at))
      assert.ok(windowIsOpen(windowOf({ days: [...names], from, to: from }), at))
    }),
  )
})

test('one day opens it for as many minutes of a week as lie between the hours', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), clock, clock, (day, from, to) => {
      const gate = windowOf({ days: [day], from, to })
      let minutes = 0
      for (let at = momentOf('2026-06-01T00:00Z'); at < momentOf('2026-06-08T00:00Z'); at += 15 * 60_000)
        if (windowIsOpen(gate, at)) minutes += 15
      const of = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
      const wanted = (of(to) - of(from) + 1_440) % 1_440 || 1_440
      assert.ok(Math.abs(minutes - wanted) <= 15, `${minutes} instead of ${wanted}`)
    }),
    { numRuns: 8 },
  )
})
