import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCusum, updateCusum } from './cusum.ts'
import { createEwma, updateEwma } from './ewma.ts'
import { createMoving, updateMoving } from './moving.ts'
import { createSeason, updateSeason } from './season.ts'
import { createShiryaevRoberts, updateShiryaevRoberts } from './shiryaev-roberts.ts'
import { decomposeStl, remainderOutliers } from './stl.ts'
import { createTail, updateTail } from './tail.ts'

const nonsense = [Number.NaN, Infinity, -Infinity]

test('a point that is no number, or comes before the last, is refused by every detector', () => {
  for (const bad of nonsense) {
    const points = [
      { atMs: 1, value: bad },
      { atMs: bad, value: 1 },
    ]
    for (const point of points) {
      for (const updated of [
        updateMoving(createMoving(), point),
        updateEwma(createEwma(), point),
        updateCusum(createCusum(), point),
        updateSeason(createSeason(), point),
        updateShiryaevRoberts(createShiryaevRoberts(), point),
        updateTail(createTail(), point),
      ])
        assert.ok(!updated.ok && updated.reason === 'invalid', JSON.stringify(point))
    }
  }
})

test('options that are no number throw', () => {
  for (const bad of [...nonsense, -1, 0]) {
    const creations = [
      () => createMoving({ window: bad }),
      () => createMoving({ reach: bad }),
      () => createMoving({ rule: { hits: bad, of: 5 } }),
      () => createEwma({ lambda: bad }),
      () => createEwma({ reach: bad }),
      () => createCusum({ limit: bad }),
      () => createSeason({ period: bad }),
      () => createSeason({ seasons: bad }),
      () => createSeason({ outside: bad }),
      () => createShiryaevRoberts({ falseAlarmEvery: bad }),
      () => createShiryaevRoberts({ block: bad }),
      () => createTail({ window: bad }),
      () => decomposeStl([1, 2, 3, 4], { period: bad }),
    ]
    for (const create of creations) assert.throws(create, RangeError, `${bad} in ${String(create)}`)
  }
})

test('a series that holds what is no number has no parts, and parts without spread no outliers', () => {
  for (const bad of nonsense) assert.equal(decomposeStl([1, 2, 1, bad, 1, 2], { period: 2 }).ok, false)
  const flat = decomposeStl([1, 2, 1, 2, 1, 2, 1, 2], { period: 2 })
  assert.ok(flat.ok)
  assert.deepEqual(remainderOutliers(flat), [])
})
