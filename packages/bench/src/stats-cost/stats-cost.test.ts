import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statsCost } from './stats-cost.ts'
import { timeClassical } from './classical.ts'
import { loadCephes, type Cephes } from './peer.ts'
import { interleavedNs, medianOf } from './timing.ts'

test('a short run measures all fifty metrics and says what it was compared with', async () => {
  const seen: number[] = []
  const { json, lines, broken } = await statsCost.run({ effort: 0.001, progress: (_, done) => seen.push(done) })
  const { rollout, classical } = json as {
    rollout: { metrics: number; cpuMsPerSecond: number; stateBytes: number }
    classical: { serinNs: number; peer: string | null; agree: boolean | null }[]
  }
  assert.equal(rollout.metrics, 50)
  assert.ok(rollout.cpuMsPerSecond > 0 && rollout.stateBytes > 50_000 && rollout.stateBytes < 2_000_000)
  assert.equal(classical.length, 5)
  for (const { serinNs } of classical) assert.ok(serinNs > 0)
  const installed = (await loadCephes()) !== null
  assert.equal(
    lines.some((line) => line.includes('NOT COMPARED')),
    !installed,
  )
  assert.equal(
    classical.some(({ peer }) => peer !== null),
    installed,
  )
  assert.ok(!broken.some((sentence) => sentence.includes('other numbers')))
  assert.ok(seen.every((done) => done >= 0 && done <= 1))
})

test('a library that gives other numbers is found out', () => {
  const wrong: Cephes = { ndtri: () => 0, chdtrc: () => 0.5, incbet: () => 0.5, incbi: () => 0.5 }
  const rows = timeClassical(wrong, { rounds: 1, progress: () => {} })
  assert.deepEqual(
    rows.map(({ agree }) => agree),
    [false, null, false, false, false],
  )
})

test('the median is the middle, and every work is called as often', () => {
  assert.deepEqual([medianOf([3, 1, 2]), medianOf([4, 1, 2, 3]), medianOf([])], [2, 2, Number.NaN])
  const called = [0, 0]
  const count = (i: number) => (calls: number) => (called[i] = (called[i] ?? 0) + calls)
  interleavedNs([count(0), count(1)], { calls: 5, rounds: 3 })
  assert.deepEqual(called, [20, 20])
})
