import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { normal, xoshiro, type Uniform } from '../seeded/xoshiro.ts'
import type { BucketCell } from './hash-buckets.ts'
import { createRatioTest, readRatioTest, updateRatioTest } from './ratio-test.ts'

/** A world of users who come back; every look is a chance to be wrong. */
interface World {
  readonly share: (round: number) => number
  /** An outcome of a user with a level of their own, late (0..1) in the rollout; `worse` multiplies what is bad on canary. */
  readonly outcome: (uniform: Uniform, at: { own: number; late: number; worse: number }) => number
  readonly activitySigma?: number
  readonly users?: number
}

const runs = process.env['SERIN_LONG'] === '1' ? 400 : 40
const rounds = 40
const perRound = 150
const marginRatio = 0.5

function explore(world: World, worse: number): { harmed: number; proved: number } {
  let harmed = 0
  let proved = 0
  for (let run = 0; run < runs; run += 1) {
    const found = one(world, worse, 0xc1000 + run)
    if (found.harmed) harmed += 1
    if (found.proved) proved += 1
  }
  return { harmed, proved }
}

function one({ share, outcome, activitySigma = 1, users = 1_500 }: World, worse: number, seed: number) {
  const uniform = xoshiro(seed)
  let total = 0
  const people = Array.from({ length: users }, () => {
    total += Math.exp(activitySigma * normal(uniform))
    return { until: total, hash: uniform(), bucket: Math.floor(uniform() * 64), own: normal(uniform) }
  })
  const anyone = () => {
    const at = uniform() * total
    let [low, high] = [0, people.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((people[middle]?.until ?? 0) < at) low = middle + 1
      else high = middle
    }
    return people[low] ?? { hash: 0, bucket: 0, own: 0 }
  }
  let state = createRatioTest({ worse: 'up', buckets: 64, plannedEffect: marginRatio })
  let [harmed, proved] = [false, false]
  for (let round = 0; round < rounds; round += 1) {
    const cells: Record<'canary' | 'stable', BucketCell[]> = { canary: [], stable: [] }
    const nonZero = { canary: 0, stable: 0 }
    for (let i = 0; i < perRound; i += 1) {
      const { hash, bucket, own } = anyone()
      const arm = hash < share(round) ? 'canary' : 'stable'
      const value = outcome(uniform, { own, late: round / rounds, worse: arm === 'canary' ? worse : 1 })
      cells[arm].push([bucket, value, 1])
      if (value !== 0) nonZero[arm] += 1
    }
    const updated = updateRatioTest(state, { stage: share(round), ...cells, nonZero })
    assert.ok(updated.ok)
    state = updated.state
    const reading = readRatioTest(state, { marginRatio })
    if (!reading.ok) continue
    harmed ||= (reading.logEHarm ?? 0) >= Math.log(100)
    proved ||= (reading.logENonInferiority ?? 0) >= Math.log(20)
  }
  return { harmed, proved }
}

const event =
  (rate: (own: number, late: number) => number): World['outcome'] =>
  (uniform, { own, late, worse }) =>
    uniform() < Math.min(1, rate(own, late) * worse) ? 1 : 0
const level = (own: number): number => 0.05 * Math.exp(1.2 * own - 0.72)
const ramp = (round: number): number => (round < 13 ? 0.05 : round < 26 ? 0.25 : 0.5)

const worlds: Readonly<Record<string, World>> = {
  'users alike, 5 %': { share: () => 0.05, outcome: event(() => 0.05) },
  'users of very different levels, 5 %': { share: () => 0.05, outcome: event(level) },
  'users of very different levels, 50 %': { share: () => 0.5, outcome: event(level) },
  'a few fragile users, some very busy, 50 %': {
    share: () => 0.5,
    outcome: event((own) => (own > 2.05 ? 0.25 : 0.005)),
    activitySigma: 1.5,
  },
  'a growing share while the rate drifts up by half': {
    share: ramp,
    outcome: event((own, late) => level(own) * (1 + 0.5 * late)),
  },
  'a heavy tail, 5 %': {
    share: () => 0.05,
    outcome: (uniform, { worse }) => Math.exp(2 * normal(uniform)) * worse,
  },
  'a tail without a variance to speak of, 5 %': {
    share: () => 0.05,
    outcome: (uniform, { worse }) => uniform() ** (-1 / 2.1) * worse,
  },
}

for (const [name, world] of Object.entries(worlds)) {
  test(`${name}: looked at after every round, a harmless canary is hardly ever harmful`, () => {
    const { harmed } = explore(world, 1)
    assert.ok(harmed / runs <= 0.01 + 3 * Math.sqrt(0.01 / runs), `${harmed} of ${runs}`)
  })
  test(`${name}: looked at after every round, a canary just at the margin is hardly ever safe`, () => {
    const { proved } = explore(world, 1 + marginRatio)
    assert.ok(proved / runs <= 0.05 + 2 * Math.sqrt(0.05 / runs), `${proved} of ${runs}`)
  })
}

test('where there is enough to see, it is seen: harm of twice the rate, safety of the same', () => {
  const alike: World = { share: () => 0.5, outcome: event(() => 0.05) }
  const [bad, same] = [explore(alike, 2), explore(alike, 1)]
  assert.ok(bad.harmed >= 0.8 * runs, `${bad.harmed} of ${runs} found harmful`)
  assert.ok(same.proved >= 0.6 * runs, `${same.proved} of ${runs} found safe`)
})
