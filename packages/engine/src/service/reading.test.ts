import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOn, type Reading } from './reading.ts'

/** The places at which something was read. */
function read(slots: readonly string[]): readonly string[] {
  let reading: Reading | null = null
  return slots.filter((slot) => {
    const next = readOn(reading, { boot: slot.slice(0, 1), seq: Number(slot.slice(1)) })
    reading = next ?? reading
    return next !== null
  })
}

test('a slot that comes twice, or after a later one, is read once', () => {
  assert.deepEqual(read(['a1', 'a1', 'a3', 'a2', 'a4']), ['a1', 'a3', 'a4'])
})

test('nothing of a gateway that has been replaced is read again, nor twice of the one that came after', () => {
  assert.deepEqual(read(['a7', 'b1', 'a7', 'b1', 'b2', 'a8', 'b2', 'c1', 'b3', 'a9', 'c2']), [
    'a7',
    'b1',
    'b2',
    'c1',
    'c2',
  ])
})

test('only the last gateways are remembered', () => {
  let reading: Reading | null = null
  for (let boot = 0; boot < 100; boot += 1) reading = readOn(reading, { boot: `b${boot}`, seq: 1 })
  assert.deepEqual([reading?.boot, reading?.gone?.length, reading?.gone?.at(-1)], ['b99', 16, 'b98'])
})
