import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forecastRelease } from '@serin/core'
import { worldNames } from '@serin/spec'
import { xoshiro } from '@serin/stats/seeded'
import { play, type Run } from './play.ts'
import { setupOf, type Policy } from './policy.ts'
import { summaryOf } from './summary.ts'
import { policy, short, world } from './testing/policies.ts'
import type { World } from './world.ts'
import { worldNamed } from './worlds.ts'

const busy = 'traffic: { rate: 100 }'
const crowd = 'traffic: { rate: 60 }\nusers: { count: 3000 }'

/** The long form (SERIN_LONG=1) has about three times the runs of the gate where a rate or a median is at stake. */
const long = process.env['SERIN_LONG'] === '1'

function runs(tried: Policy, where: World, count: number, from = 1): readonly Run[] {
  return Array.from({ length: count }, (_, i) => play(tried, where, from + i))
}

test('the same seed gives the same run, another one another', () => {
  const [tried, where] = [policy(short), world(crowd)]
  assert.deepEqual(play(tried, where, 3), play(tried, where, 3))
  assert.notDeepEqual(play(tried, where, 3), { ...play(tried, where, 4), seed: 3 })
})

test('a harmless version is rolled back as rarely as the file says', () => {
  const all = [
    ...runs(policy(short), world(busy), long ? 140 : 50),
    ...runs(policy(short), world(crowd), long ? 60 : 20),
  ]
  const back = all.filter(({ outcome }) => outcome === 'rolled-back').length
  // 1 % of 200 are 2, three standard errors more are 6; of 70 not even one, and three.
  assert.ok(back <= (long ? 6 : 3), `${back} of ${all.length}`)
  assert.ok(all.filter(({ outcome }) => outcome === 'promoted').length > all.length / 2)
  assert.ok(all.every(({ excessFailures }) => excessFailures === 0))
})

test('a dead version goes back at once', () => {
  for (const text of [busy, crowd])
    for (const run of runs(policy(short), world(`${text}\ncanary: { errors: 100% }`), 20)) {
      assert.deepEqual([run.outcome, run.reason], ['rolled-back', 'harmful'])
      assert.ok(run.atMs < 30_000 && run.excessFailures > 0, JSON.stringify(run))
    }
})

test('twice as many errors of many are mostly found, and a worse one sooner', () => {
  const tried = policy(short)
  const where = (times: string) => world(`${busy}\nstable: { errors: 2% }\ncanary: { errors: ${times} }`)
  const doubled = summaryOf(tried, where('x2'), runs(tried, where('x2'), 20))
  const tenfold = summaryOf(tried, where('x10'), runs(tried, where('x10'), 20))
  assert.ok(doubled.shares['rolled-back'].ratio > 0.8, JSON.stringify(doubled.shares))
  assert.equal(tenfold.shares['rolled-back'].runs, 20)
  const soonest = ({ outcomes }: typeof doubled) =>
    outcomes.find(({ outcome }) => outcome === 'rolled-back')?.atMs.median ?? Infinity
  assert.ok(soonest(tenfold) < soonest(doubled))
})

test('the median agrees with the forecast, which plays the mean', () => {
  const steps = '[{ weight: 10%, hold: 1m }, { weight: 50%, hold: 1m }]'
  const tried = policy(`{ kind: canary, steps: ${steps} }`, 'metrics: { errors: { kind: errors } }')
  const where = world('traffic: { rate: 300 }\nstarts: 0s')
  const planned = forecastRelease({
    service: 'shop',
    plan: tried.plan,
    setup: setupOf(tried, where, xoshiro(1)),
    traffic: { requestsPerSecond: 300, errorRatio: where.stable.errorRatio },
    users: null,
    warmUpMs: tried.spec.analysis.warmUp,
  }).promoted.likelyMs
  const { outcomes } = summaryOf(tried, where, runs(tried, where, long ? 81 : 31))
  const median = outcomes.find(({ outcome }) => outcome === 'promoted')?.atMs.median
  assert.ok(planned !== null && median !== undefined)
  // Evidence wanders: it first crosses the threshold somewhat before its mean does.
  assert.ok(median >= 120_000 && median / planned > 0.65 && median / planned < 1.3, `${median} ${planned}`)
})

test('a day passes in seconds', () => {
  const tried = policy('{ kind: canary, preset: 1-5-25-100, deadline: 12h }')
  const healthy = worldNamed('healthy')
  assert.ok(healthy !== undefined)
  const begun = performance.now()
  const run = play(tried, healthy, 1)
  assert.ok(run.outcome === 'promoted' && run.atMs >= 24 * 3_600_000, JSON.stringify(run))
  assert.ok(performance.now() - begun < 30_000)
})

test('people, gates and copies take their time', () => {
  const steps =
    '[{ weight: 10%, hold: 1m, pause: true }, { weight: 50%, hold: 1m, gates: [{ kind: approval }, { kind: http, url: "http://127.0.0.1/" }], replicas: 2 }]'
  const tried = policy(`{ kind: canary, steps: ${steps} }`)
  const run = play(tried, world('traffic: { rate: 300 }\npeople: 20m\ngates: 1m\nstarts: 30s'), 2)
  assert.equal(run.outcome, 'promoted')
  assert.equal(run.firstTrafficMs, 30_000)
  // Two minutes of evidence, twice a person, a gate, and copies that start.
  assert.ok(run.atMs > 43 * 60_000 && run.atMs < 60 * 60_000, String(run.atMs))
  assert.deepEqual(tried.notes, ['All gates are taken to pass.'])
})

test('harm that comes late is found after it has come', () => {
  const late = world(`${busy}\ncanary: { errors: 20% }\nonset: 3m`)
  for (const run of runs(policy('{ kind: canary, steps: [{ weight: 20%, hold: 10m }] }'), late, 10)) {
    assert.equal(run.reason, 'harmful')
    assert.ok(run.atMs > 190_000 && run.atMs < 300_000, String(run.atMs))
  }
})

test('drift of both versions is no harm', () => {
  const drifting = world(`${crowd}\ndrift: { errors: x5, over: 4m }`)
  const back = runs(policy(short), drifting, long ? 30 : 10).filter(({ outcome }) => outcome === 'rolled-back').length
  assert.ok(back <= (long ? 2 : 1), String(back))
})

test('while the source is down nothing moves, and a service may say what follows', () => {
  const dark = world(`${busy}\noutages: [{ from: 1m, for: 30m }]`)
  const strategy = '{ kind: canary, deadline: 1h, steps: [{ weight: 10%, hold: 2m }] }'
  const waits = play(policy(strategy), dark, 1)
  assert.ok(waits.outcome === 'promoted' && waits.atMs > 31 * 60_000, JSON.stringify(waits))
  const analysis = 'analysis: { sourceDown: { after: 2m, do: rollback } }'
  const back = play(policy(strategy, analysis), dark, 1)
  assert.deepEqual([back.outcome, back.reason], ['rolled-back', 'no-evidence'])
  assert.ok(back.atMs >= 180_000 && back.atMs < 240_000, String(back.atMs))
})

test('with hardly any traffic a release is held at the deadline, and evidence time is not made of silence', () => {
  const quiet = world('traffic: { rate: 0.2 }')
  const run = play(policy('{ kind: canary, deadline: 3h, steps: [{ weight: 5%, hold: 1h }] }'), quiet, 1)
  assert.deepEqual([run.outcome, run.reason], ['held', 'deadline'])
  assert.ok(run.atMs >= 4 * 3_600_000)
})

test('every strategy comes to an end in every world with a name', () => {
  const strategies = [
    short,
    '{ kind: adaptive, every: 10s, deadline: 10m }',
    '{ kind: blue-green, over: 1m, bake: 1m, deadline: 10m }',
    '{ kind: rolling, hold: 20s, bake: 30s, deadline: 10m }',
    '{ kind: shadow, share: 20%, hold: 1m, finally: promote, deadline: 10m }',
  ]
  for (const name of worldNames) {
    const where = worldNamed(name)
    assert.ok(where !== undefined)
    for (const strategy of strategies) {
      const run = play(policy(strategy), where, 1)
      assert.notEqual(run.outcome, 'undecided', `${strategy} in ${name}: ${JSON.stringify(run)}`)
      if (name === 'dead') assert.equal(run.outcome, 'rolled-back', strategy)
      if (name === 'healthy') assert.notEqual(run.outcome, 'rolled-back', strategy)
    }
  }
})

test('the summary counts every run once, with intervals around its shares', () => {
  const [tried, where] = [policy(short), world(`${busy}\ncanary: { errors: x3 }`)]
  const all = runs(tried, where, 12)
  const { outcomes, shares, bands, seeds, notes } = summaryOf(tried, where, all)
  assert.equal(
    outcomes.reduce((sum, one) => sum + one.runs, 0),
    seeds,
  )
  for (const { ratio, low, high } of Object.values(shares)) assert.ok(low <= ratio && ratio <= high)
  for (const { low, median, high } of bands) assert.ok(low <= median && median <= high)
  assert.match(notes.join(' '), /The world has no users/)
  assert.throws(() => summaryOf(tried, where, []), RangeError)
})
