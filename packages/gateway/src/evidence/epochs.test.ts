import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochEndMs } from './epochs.ts'

test('epochs are minutes at first, then grow with what has passed, so that a day has few of them', () => {
  const ends: number[] = []
  for (let at = epochEndMs(0); at <= 24 * 3_600_000; at = epochEndMs(at)) ends.push(at / 60_000)
  assert.deepEqual(ends.slice(0, 5), [1, 2, 3, 4.5, 6.75])
  assert.ok(ends.length < 20, `${ends.length} epochs in a day`)
})
