import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWorldFile } from './world-file.ts'

test('a world file says only what differs, in the units of the release file', () => {
  const world = parseWorldFile(`world: v1
start: 14:30
traffic: { rate: 5, daily: { low: 30%, peakAt: 15:00 } }
stable: { errors: 1% }
canary: { errors: x2, latency: { p50: 30ms, p95: 90ms } }
drift: { errors: x2.5, over: 2h }
`)
  assert.deepEqual(
    [world.start, world.traffic.daily, world.canary, world.drift, world.people],
    [
      52_200_000,
      { low: 30, peakAt: 54_000_000 },
      { errors: { times: 2 }, latency: { p50: 30, p95: 90 } },
      { errors: 2.5, latency: 1, over: 7_200_000 },
      300_000,
    ],
  )
  assert.deepEqual([world.users, world.outages, world.onset], [undefined, [], 0])
})

test('every mistake is told with its place, and the nearest name of a world file', () => {
  const text = `world: v1
trafic: { rate: 5 }
canary: { errors: two, latency: x }
stable: { latency: { p50: 5ms, p95: 3ms } }
outages: [{ from: 3, for: 0s }]
`
  assert.throws(() => parseWorldFile(text, 'w.yaml'), {
    code: 'config.invalid',
    message: `w.yaml has 6 problems; nothing was changed.
w.yaml:2:1: trafic: Unknown key "trafic". Known here: world, start, traffic, users, stable, canary, onset, drift, outages, starts, people, gates. Did you mean traffic?
w.yaml:3:19: canary.errors: Expected a percentage such as 0.8%, or a factor such as x2, found "two".
w.yaml:3:33: canary.latency: Expected p50 and p95, or a factor such as x1.5, found "x".
w.yaml:4:37: stable.latency.p95: Expected at least p50, found "3ms".
w.yaml:5:19: outages.0.from: Expected a duration such as 30s, 5m or 1h30m (at most 400d), found 3.
w.yaml:5:27: outages.0.for: Expected more than 0s, found "0s".`,
  })
})
