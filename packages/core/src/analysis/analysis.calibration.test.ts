import { histogramOf } from '@serin/stats'
import { normal, xoshiro, type Uniform } from '@serin/stats/testing'
import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { createAnalysis, foldSlot } from './fold.ts'
import { judge } from './judge.ts'
import { chooseCuts } from './setup.ts'
import { setupOf } from './testing/setups.ts'
import { createTraffic, type Answers, type Person } from './testing/traffic.ts'

/** The long form (SERIN_LONG=1) has ten times the runs, and the clock of a day in some. */
const long = process.env['SERIN_LONG'] === '1'
const times = long ? 10 : 1

interface Case {
  readonly users: number
  readonly requestsPerSecond: number
  readonly seconds: number
  readonly v1: Answers
  readonly v2: Answers
  readonly activitySigma?: number
  /** Share of canary in a second, and the one a safe verdict would lead to. */
  readonly share?: (second: number) => number
  readonly nextBp?: number
  readonly restartAt?: number
}

interface Found {
  readonly harmful: number | null
  /** First second in which each metric was safe. */
  readonly safe: Readonly<Record<string, number>>
}

/** Epochs as the gateway has them: a minute at first, then by half of what has passed. */
const epochAfter = (second: number): number => Math.max(second + 60, second * 1.5)

function run(each: Case, seed: number): Found {
  const { users, requestsPerSecond, v1, v2, activitySigma = 1, share = () => 500, nextBp = 2_500 } = each
  const uniform = xoshiro(seed ^ 0x55aa)
  const before = Array.from({ length: 3_000 }, () => v1.ms(uniform, { id: '', own: normal(uniform), until: 0 }, 0))
  const setup = setupOf({ cuts: chooseCuts(histogramOf(before)), minUnits: 20 })
  const traffic = createTraffic({
    seed,
    users,
    requestsPerSecond,
    activitySigma,
    cuts: setup.cuts,
    versions: { v1, v2 },
  })
  let state = createAnalysis(setup)
  let nextEpoch = epochAfter(0)
  const safe: Record<string, number> = {}
  for (let second = 1; second <= each.seconds; second += 1) {
    if (second === each.restartAt) traffic.restart('again')
    if (second > nextEpoch) {
      traffic.beginEpoch()
      nextEpoch = epochAfter(second)
    }
    state = foldSlot(setup, state, traffic.second(share(second)), share(second)).state
    // Looked at every second in the first minute, and often enough after that.
    if (second > 60 && second % 5 !== 0) continue
    const judgement = judge(setup, state, { nextBp, now: second * 1_000, since: 0, warmingUp: false })
    for (const { name, verdict } of judgement.metrics) if (verdict === 'safe') safe[name] ??= second
    if (judgement.verdict === 'harmful') return { harmful: second, safe }
  }
  return { harmful: null, safe }
}

function many(each: Case, runs: number): readonly Found[] {
  return Array.from({ length: runs }, (_, i) => run(each, 0xa7000 + i))
}

const harmed = (all: readonly Found[]): number => all.filter(({ harmful }) => harmful !== null).length
const proved = (all: readonly Found[], name: string): number => all.filter(({ safe }) => name in safe).length

const answers = (more: Partial<Answers> = {}): Answers => ({
  failed: (uniform) => uniform() < 0.005,
  ms: logNormal(50),
  ...more,
})

function logNormal(median: number): (uniform: Uniform) => number {
  return (uniform) => median * Math.exp(0.6 * normal(uniform))
}

const fails =
  (rate: (person: Person, second: number) => number): Answers['failed'] =>
  (uniform, person, second) =>
    uniform() < rate(person, second)

/** Two in a hundred fail every fourth request, the others hardly ever: the users who break request-level tests. */
const fragile = (factor: number): Answers['failed'] => fails(({ own }) => (own > 2.05 ? 0.25 : 0.005) * factor)

const sticky: Case = { users: 1_000, requestsPerSecond: 60, seconds: 240, v1: answers(), v2: answers() }

test('sticky users, some of them fragile and some very busy: the same version twice is not rolled back', () => {
  const runs = 15 * times
  const same: Case = {
    ...sticky,
    activitySigma: 1.5,
    v1: answers({ failed: fragile(1) }),
    v2: answers({ failed: fragile(1) }),
  }
  assert.ok(harmed(many(same, runs)) <= (long ? 5 : 1))
})

test('a faster canary is not rolled back when its users meet their first slow request later than the others did', () => {
  const faster: Case = { ...sticky, users: 500, seconds: 400, v2: answers({ ms: logNormal(30) }) }
  assert.ok(harmed(many(faster, 8 * times)) <= (long ? 4 : 0))
})

test('a canary with fewer errors is not rolled back either, nor one that only delays them', () => {
  const v1 = answers({ failed: fails(() => 0.1) })
  const fewer: Case = { ...sticky, users: 500, seconds: 400, v1, v2: answers({ failed: fails(() => 0.03) }) }
  const later: Case = { ...fewer, v2: answers({ failed: fails((_, second) => (second < 90 ? 0.01 : 0.1)) }) }
  assert.ok(harmed(many(fewer, 5 * times)) + harmed(many(later, 5 * times)) <= (long ? 4 : 1))
})

test('a growing share, tides and an incident that hits both versions do not roll back, and neither does a gateway that starts again', () => {
  const incident = fails((_, second) => (second >= 100 && second < 110 ? 0.3 : 0.01 * (1 + Math.sin(second / 40))))
  const ramp: Case = {
    ...sticky,
    v1: answers({ failed: incident }),
    v2: answers({ failed: incident }),
    share: (second) => (second < 80 ? 500 : second < 160 ? 2_500 : 5_000),
    restartAt: 120,
  }
  assert.ok(harmed(many(ramp, 10 * times)) <= (long ? 4 : 1))
})

test('without units the same holds at the realised share', () => {
  const loose: Case = { ...sticky, users: 0, v2: answers({ ms: logNormal(40) }) }
  assert.ok(harmed(many(loose, 10 * times)) <= (long ? 4 : 1))
})

test('a canary whose slow share is just at the margin is hardly ever called safe, with users and without', () => {
  const v1 = answers({ ms: (uniform) => (uniform() < 0.1 ? 500 : 50) * Math.exp(0.2 * normal(uniform)) })
  const v2 = answers({ ms: (uniform) => (uniform() < 0.15 ? 500 : 50) * Math.exp(0.2 * normal(uniform)) })
  const runs = 15 * times
  for (const users of [600, 0]) {
    const found = many({ ...sticky, users, seconds: 150, v1, v2, share: () => 5_000, nextBp: 10_000 }, runs)
    assert.ok(proved(found, 'latency') <= (long ? 14 : 3), `${proved(found, 'latency')} of ${runs} with ${users} users`)
  }
})

test('errors at the absolute and the relative margin at once are hardly ever called safe', () => {
  const v1 = answers({ failed: fails(() => 0.004) })
  const v2 = answers({ failed: fails(() => 0.009) })
  const runs = 12 * times
  for (const users of [1_500, 0]) {
    const found = many({ ...sticky, users, seconds: 150, v1, v2, share: () => 5_000, nextBp: 10_000 }, runs)
    assert.ok(proved(found, 'errors') <= (long ? 12 : 2), `${proved(found, 'errors')} of ${runs} with ${users} users`)
  }
})

test('real harm is found: from the start, in the tail, and when it begins late', () => {
  const runs = 10 * times
  const cases: Readonly<Record<string, readonly [Case, within: number]>> = {
    'errors of a twentieth': [{ ...sticky, v2: answers({ failed: fails(() => 0.05) }) }, 120],
    'twice as slow': [{ ...sticky, v2: answers({ ms: logNormal(100) }) }, 60],
    'everything fails after two minutes': [
      { ...sticky, v2: answers({ failed: fails((_, second) => (second > 120 ? 1 : 0.005)) }) },
      125,
    ],
    'twice as slow after two minutes': [
      {
        ...sticky,
        seconds: 400,
        v2: answers({ ms: (uniform, _person, second) => logNormal(second > 120 ? 100 : 50)(uniform) }),
      },
      330,
    ],
  }
  for (const [name, [each, within]] of Object.entries(cases)) {
    const found = many(each, runs).map(({ harmful }) => harmful ?? Infinity)
    const inTime = found.filter((second) => second <= within).length
    assert.ok(inTime >= 0.7 * runs, `${name}: ${found.join(' ')}`)
  }
})

test('the same version twice is proved safe in minutes', () => {
  const same: Case = { ...sticky, users: 4_000, requestsPerSecond: 100, share: () => 5_000, nextBp: 10_000 }
  const found = many({ ...same, v1: answers({ failed: () => false }), v2: answers({ failed: () => false }) }, 6 * times)
  assert.ok(proved(found, 'errors') >= 0.7 * found.length, `errors: ${proved(found, 'errors')} of ${found.length}`)
  assert.ok(proved(found, 'latency') >= 0.7 * found.length, `latency: ${proved(found, 'latency')} of ${found.length}`)
})
