import assert from 'node:assert/strict'
import { test } from 'node:test'
import { worldNamed } from './campaign.ts'
import { simulate } from './simulate.ts'

for (const name of ['errors-doubled-20', 'slow-tail-sticky', 'bad-day']) {
  test(`the same seed gives the same journal bit for bit: ${name}`, async () => {
    const world = worldNamed(name)
    const [one, again, other] = [await simulate(world, 7), await simulate(world, 7), await simulate(world, 8)]
    assert.deepEqual(again, one)
    assert.match(one.journalHash, /^[0-9a-f]{64}$/)
    assert.notEqual(other.journalHash, one.journalHash)
  })
}
