import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordedDecisions, recordedRows, regressionsOf, slowerThanRecorded } from './recorded.ts'
import type { Compared } from './recorded.ts'

const nginx: Compared = { name: 'nginx', ratioToNginx: 1, cpuUsPerRequest: 10 }
const before: readonly Compared[] = [nginx, { name: 'serin', ratioToNginx: 1.1, cpuUsPerRequest: 9 }]
const now = (ratioToNginx: number | null, cpuUsPerRequest: number | null): readonly Compared[] => [
  nginx,
  { name: 'serin', ratioToNginx, cpuUsPerRequest },
]

test('only what is more than a tenth worse than the recorded ratio is a regression', () => {
  assert.deepEqual(regressionsOf(now(1.0, 9.9), before), [])
  assert.deepEqual(regressionsOf(now(2, 5), before), [])
  assert.deepEqual(regressionsOf(now(0.98, 10.5), before), [
    'serin has 0.98 times the throughput of nginx, 11 % less than the recorded 1.10.',
    'serin does 0.95 times the requests of nginx with the same CPU, 14 % less than the recorded 1.11.',
  ])
})

test('a machine that is slower as a whole is no regression, nor is what was not measured or never recorded', () => {
  const slower = [nginx, now(1.1, 9)[1]].flatMap((row) =>
    row === undefined ? [] : [{ ...row, cpuUsPerRequest: 3 * (row.cpuUsPerRequest ?? 0) }],
  )
  assert.deepEqual(regressionsOf(slower, before), [])
  assert.deepEqual(regressionsOf(now(null, null), before), [])
  assert.deepEqual(regressionsOf(now(0.1, 90), [nginx]), [])
  assert.deepEqual(regressionsOf([{ name: 'httpxy', ratioToNginx: 0.01, cpuUsPerRequest: 900 }], before), [])
})

test('the recorded run holds what a run is compared with', () => {
  for (const name of ['nginx', 'haproxy', 'serin', 'serin-net']) {
    const row = recordedRows.find((each) => each.name === name)
    assert.ok(row?.errors === 0 && Number(row.ratioToNginx) > 0 && Number(row.cpuUsPerRequest) > 0, name)
  }
})

test('a time more than a tenth above the recorded one is told, each with its name', () => {
  const before = { decisionNs: 300, recordNs: 100, stickyNs: 150, httpDecisionNs: 300, httpStickyNs: 100 }
  assert.deepEqual(slowerThanRecorded({ ...before, recordNs: 109, stickyNs: 20 }, before), [])
  assert.deepEqual(slowerThanRecorded({ ...before, decisionNs: 390 }, before), [
    'A decision with 8 rules takes 390 ns, 30 % more than the recorded 300.',
  ])
  for (const [key, ns] of Object.entries(before)) {
    assert.ok(recordedDecisions[key as keyof typeof before] > 0, key)
    assert.equal(slowerThanRecorded({ ...before, [key]: 2 * ns }, before).length, 1, key)
  }
})
