import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addToClusters,
  noClusters,
  readClusters,
  totalsOf,
  type Addition,
  type Cell,
  type Clusters,
} from './clusters.ts'

const question = { worse: 'up', marginRatio: 0.5, marginAbs: 0, buckets: 64 } as const

/** Requests in every bucket, of which some (one more in every other bucket) had the event. */
function batch(requests: number, events: number): Addition {
  const cells = Array.from({ length: 64 }, (_, bucket): Cell => [bucket, events + (bucket % 2), requests])
  const nonZero = 64 * events + 32
  return { canary: cells, stable: cells, nonZero: { canary: nonZero, stable: nonZero } }
}

test('the mean that tunes the test is that of the moment when the floors were met, whatever comes later', () => {
  let clusters = addToClusters(noClusters(), question, '500', {
    canary: [],
    stable: [],
    nonZero: { canary: 0, stable: 0 },
  })
  assert.equal(clusters.anchorMean, null)
  clusters = addToClusters(clusters, question, '500', batch(100, 5))
  const frozen = clusters.anchorMean
  assert.ok(frozen !== null && Math.abs(frozen - 0.055) < 1e-12)
  clusters = addToClusters(clusters, question, '500', batch(100, 50))
  assert.equal(clusters.anchorMean, frozen)
})

test('a stage grows wherever it stands, and what is stored goes on', () => {
  let clusters: Clusters = noClusters()
  for (const stage of ['500', '2500', '500']) clusters = addToClusters(clusters, question, stage, batch(10, 1))
  assert.deepEqual(
    clusters.stages.map(({ stage, canary }) => [stage, canary[1]]),
    [
      ['500', [1, 4, 20]],
      ['2500', [1, 2, 10]],
    ],
  )
  assert.deepEqual(totalsOf(clusters, 'canary'), { num: 3 * 96, den: 3 * 640 })
  assert.deepEqual(JSON.parse(JSON.stringify(clusters)), clusters)
})

test('enough of the same is safe, and too little is said to be', () => {
  const margins = { marginRatio: 0.5, marginAbs: 0 }
  const few = readClusters(addToClusters(noClusters(), question, '500', batch(1, 0)), question, margins)
  assert.ok(!few.ok && few.reason === 'insufficient')
  const many = readClusters(addToClusters(noClusters(), question, '5000', batch(400, 20)), question, margins)
  assert.ok(many.ok && (many.logENonInferiority ?? 0) > Math.log(20))
})
