import {
  becomes,
  canaryCrash,
  clockJump,
  death,
  evidenceTrouble,
  fullDisk,
  gatewayRestart,
  operator,
  routerTrouble,
  some,
  lateTable,
  standstill,
  stableCrash,
} from './mishaps.ts'
import type { Outcome, Scenario } from './scenario.ts'
import { strategyWorlds } from './strategy-worlds.ts'
import type { Behaviour, Population } from './traffic.ts'
import { calm, failing, harmful, healthy, neverPromoted, sound, steps, survived, usual } from './usual.ts'

const minuteMs = 60_000

/** The share grows every ten seconds, as far as the budget allows. */
function adaptive(budget: number): Record<string, unknown> {
  return { strategy: { kind: 'adaptive', budget, every: '10s', deadline: '20m' } }
}

/** A rollback that cost at most the budget, for harm or because it was used up. */
const withinBudget = (budget: number, errorRatio: number): Pick<Scenario, 'healthy' | 'expect'> => ({
  healthy: false,
  expect: ({ end, reason, exposedRequests }) => {
    if (end !== 'rolled-back' || (reason !== 'harmful' && reason !== 'budget'))
      return `expected a rollback for harm or by the budget, got ${end} (${reason})`
    const cost = exposedRequests * errorRatio
    return cost <= budget ? null : `it cost about ${Math.round(cost)} requests of a budget of ${budget}`
  },
})

/** One in fifty users meets a fifth of the errors; the busiest hundredth sends ten times as much as most. */
const heavyUsers: Population = { users: 20_000, activitySigma: 1, fragileRatio: 0.02, newcomerRatio: 0.1 }
const fragile: Behaviour = { ...sound, errorRatio: 0.003, fragileErrorRatio: 0.04 }
const tide = { ratio: 0.6, periodMs: 3 * minuteMs }

const failed = {
  healthy: false,
  expect: ({ end, reason, highestBp }: Outcome) =>
    end === 'rolled-back' && reason === 'failed' && highestBp === 0
      ? null
      : `expected a rollback without any traffic, got ${end} (${reason}) after ${highestBp} bp`,
} as const

const badDays = [routerTrouble, evidenceTrouble, fullDisk, death, clockJump, canaryCrash, stableCrash, gatewayRestart]

/** Every world there is: the same version again, harmful ones, and bad days. */
export const worlds: readonly Scenario[] = [
  { ...usual, ...healthy, name: 'same', promise: 'The same version again is promoted.' },
  {
    ...usual,
    ...healthy,
    name: 'same-failing',
    promise:
      'The same version again is promoted, although one request in twenty-five fails: hundreds of errors to be misled by.',
    stable: failing(0.04),
    canary: failing(0.04),
  },
  {
    ...usual,
    ...healthy,
    name: 'same-heavy-users',
    promise: 'The same version again is promoted, although few users meet most of the errors.',
    surroundings: { ...calm, population: heavyUsers },
    stable: fragile,
    canary: fragile,
  },
  {
    ...usual,
    ...healthy,
    name: 'same-drifting',
    promise:
      'The same version again is promoted, although errors, latency and load rise and fall while the share grows.',
    surroundings: { ...calm, drift: tide },
    stable: failing(0.04),
    canary: failing(0.04),
  },
  {
    ...usual,
    ...healthy,
    name: 'same-heavy-drifting',
    promise: 'The same version again is promoted: heavy users and a tide together.',
    surroundings: { ...calm, population: heavyUsers, drift: tide },
    stable: fragile,
    canary: fragile,
  },
  {
    ...usual,
    ...healthy,
    name: 'better-sticky',
    promise: 'A faster version that fails less is not rolled back because its users meet their first errors later.',
    surroundings: { ...calm, population: { users: 3_000, activitySigma: 0.5, fragileRatio: 0, newcomerRatio: 0.02 } },
    stable: failing(0.02),
    canary: { ...failing(0.01), medianMs: 25 },
  },
  {
    ...usual,
    ...healthy,
    name: 'cold-start',
    promise: 'A version that is slow for its first seconds is not rolled back for them.',
    canary: { ...sound, coldMs: 8_000 },
  },
  {
    ...usual,
    ...healthy,
    name: 'unequal-replicas',
    promise: 'The same version again is promoted, although no two replicas are equally fast.',
    stable: { ...sound, replicaSigma: 0.03 },
    canary: { ...sound, replicaSigma: 0.03 },
  },
  {
    ...usual,
    ...healthy,
    name: 'same-labels',
    promise: 'The same model again is promoted.',
    surroundings: { ...calm, population: heavyUsers, labels: { ratio: 0.5, meanDelayMs: 10_000 } },
    stable: { ...sound, wrongRatio: 0.04 },
    canary: { ...sound, wrongRatio: 0.04 },
    file: { ...usual.file, metrics: { errors: { kind: 'errors' }, wrong: { kind: 'observation', margin: '30%' } } },
  },
  ...[0.005, 0.02, 0.1].map((ratio) => ({
    ...usual,
    ...harmful,
    name: `errors-doubled-${ratio * 1_000}`,
    promise: `Twice as many errors as ${ratio * 100} % are rolled back.`,
    stable: failing(ratio),
    canary: failing(2 * ratio),
  })),
  {
    ...usual,
    ...harmful,
    name: 'errors-doubled-sticky',
    promise: 'Twice as many errors for everybody are rolled back, although few users meet most of them.',
    surroundings: { ...calm, population: heavyUsers },
    stable: failing(0.01, 0.1),
    canary: failing(0.02, 0.2),
  },
  {
    ...usual,
    ...harmful,
    name: 'slow-tail',
    promise: 'A version that is slow for one request in twenty-five is rolled back, though its median is the same.',
    canary: { ...sound, slowRatio: 0.04 },
    falsePromotionRatio: 0.05,
  },
  {
    ...usual,
    ...harmful,
    name: 'slow-tail-sticky',
    promise: 'The same for users who stay with their version.',
    surroundings: { ...calm, population: heavyUsers },
    canary: { ...sound, slowRatio: 0.04 },
    falsePromotionRatio: 0.05,
  },
  {
    ...usual,
    ...harmful,
    name: 'wrong-answers',
    promise: 'A model that is wrong three times as often is rolled back when the labels come.',
    surroundings: { ...calm, population: heavyUsers, labels: { ratio: 0.5, meanDelayMs: 10_000 } },
    stable: { ...sound, wrongRatio: 0.04 },
    canary: { ...sound, wrongRatio: 0.12 },
    file: { ...usual.file, metrics: { errors: { kind: 'errors' }, wrong: { kind: 'observation', margin: '30%' } } },
  },
  {
    ...usual,
    ...harmful,
    name: 'late-harm',
    promise: 'A version that turns bad after five healthy minutes is rolled back.',
    file: steps('4m', '30m'),
    mishaps: () => becomes(5 * minuteMs, failing(0.01)),
  },
  {
    ...usual,
    ...survived,
    name: 'no-traffic',
    promise: 'Without traffic nothing advances; the rollout ends up held.',
    surroundings: { ...calm, bursts: { onMs: 22_000, offMs: 400 * minuteMs } },
    file: steps('10s', '5m'),
    expect: ({ end, reason, highestBp }) =>
      end === 'held' && reason === 'deadline' && highestBp === 500
        ? null
        : `expected a hold at the first step, got ${end} (${reason}) at ${highestBp} bp`,
  },
  {
    ...usual,
    ...healthy,
    name: 'bursts',
    promise: 'Evidence time counts only while there is traffic.',
    surroundings: { ...calm, bursts: { onMs: 25_000, offMs: 60_000 } },
    file: steps('40s', '20m'),
  },
  {
    ...usual,
    ...failed,
    name: 'never-ready',
    promise: 'A version that never becomes ready is given up; it has had no traffic.',
    upbringing: { v2: { readyAfterMs: 'never' } },
  },
  {
    ...usual,
    ...failed,
    name: 'exits-at-once',
    promise: 'A version that exits at once is given up; it has had no traffic.',
    upbringing: { v2: { failure: { message: 'v2 exited at once, five times.' }, failAfterMs: 2_000 } },
  },
  {
    ...usual,
    ...survived,
    name: 'canary-dies',
    promise: 'A canary of which nothing is left is rolled back.',
    upbringing: { v2: { readyAfterMs: 3_000, backOffMs: 120_000 } },
    mishaps: (chance) => canaryCrash(chance.between(8_000, 40_000), chance),
    expect: ({ end }) => (end === 'rolled-back' ? null : `expected a rollback, got ${end}`),
  },
  ...(
    [
      ['router-trouble', routerTrouble, 'A router that is away, lossy or deaf changes when, not what.'],
      ['evidence-trouble', evidenceTrouble, 'Evidence that is lost or late never moves traffic.'],
      ['full-disk', fullDisk, 'While nothing can be written, stable has all traffic.'],
      ['killed', death, 'A control plane killed between two effects goes on from its step.'],
      ['two-control-planes', standstill, 'Of two control planes over one store only the later one does anything.'],
      ['late-table', lateTable, 'A table that a control plane sends after another has taken over is never obeyed.'],
      ['clock-jumps', clockJump, 'Setting the wall clock moves no traffic.'],
      ['gateway-restarts', gatewayRestart, 'A gateway that starts anew forgets its users; nobody is counted twice.'],
      ['stable-crashes', stableCrash, 'Stable may fail too.'],
      ['operator', operator, 'What was acknowledged stays in the journal.'],
    ] as const
  ).map(([name, kind, promise]) => ({
    ...usual,
    ...survived,
    name,
    promise,
    file: steps('10s', '5m'),
    mishaps: (chance: Parameters<Scenario['mishaps']>[0]) =>
      some([kind], { atLeast: 1, atMost: 3, withinMs: 90_000 }, chance),
  })),
  {
    ...usual,
    ...healthy,
    name: 'clock-set-back',
    promise: 'A wall clock that is set back by two hours does not hold a healthy version up.',
    mishaps: () => [
      {
        atMs: 30_000,
        what: 'the wall clock is set back by two hours',
        act: ({ clock, dataPlane }) => {
          dataPlane.advance()
          clock.jump(-120 * minuteMs)
        },
      },
    ],
    expect: ({ end, worldMs }) =>
      end === 'promoted' && worldMs < 15 * minuteMs ? null : `expected a promotion within minutes, got ${end}`,
  },
  {
    ...usual,
    ...survived,
    name: 'bad-day',
    promise: 'All of it together breaks no promise.',
    file: steps('10s', '5m'),
    mishaps: (chance) => some([...badDays, operator], { atLeast: 3, atMost: 8, withinMs: 180_000 }, chance),
  },
  {
    ...usual,
    ...neverPromoted,
    name: 'bad-day-of-two',
    promise:
      'A version with four times the errors is not promoted, however often another control plane takes over on a bad day.',
    stable: failing(0.01),
    canary: failing(0.04),
    file: steps('10s', '5m'),
    mishaps: (chance) =>
      some([...badDays, standstill, standstill, lateTable], { atLeast: 4, atMost: 9, withinMs: 180_000 }, chance),
  },
  {
    ...usual,
    ...neverPromoted,
    name: 'bad-day-harmful',
    promise: 'A version with four times the errors is not promoted on the worst of days.',
    stable: failing(0.01),
    canary: failing(0.04),
    file: steps('10s', '5m'),
    mishaps: (chance) => some(badDays, { atLeast: 3, atMost: 8, withinMs: 180_000 }, chance),
  },
  {
    ...usual,
    ...healthy,
    name: 'adaptive-same',
    promise: 'The same version again is promoted by an adaptive ramp.',
    file: adaptive(100),
  },
  {
    ...usual,
    ...healthy,
    name: 'adaptive-same-sticky',
    promise: 'The same with users who stay with their version and differ in how often they fail.',
    surroundings: { ...calm, population: heavyUsers },
    stable: fragile,
    canary: fragile,
    file: adaptive(200),
  },
  {
    ...usual,
    ...withinBudget(50, 1),
    name: 'adaptive-dead',
    promise: 'A version that fails every request costs no more than the budget.',
    canary: failing(1),
    file: adaptive(50),
  },
  {
    ...usual,
    ...withinBudget(100, 0.03),
    name: 'adaptive-errors-sticky',
    promise: 'A version that fails three times in a hundred costs no more than the budget, with users who stay.',
    surroundings: { ...calm, population: heavyUsers },
    canary: failing(0.032),
    file: adaptive(100),
  },
  {
    ...usual,
    ...survived,
    name: 'bad-day-sticky',
    promise: 'The same with users who stay with their version, and labels.',
    surroundings: { ...calm, population: heavyUsers, labels: { ratio: 0.3, meanDelayMs: 10_000 } },
    stable: { ...sound, wrongRatio: 0.04 },
    canary: { ...sound, wrongRatio: 0.04 },
    file: {
      ...steps('10s', '5m'),
      metrics: {
        errors: { kind: 'errors' },
        latency: { kind: 'latency' },
        wrong: { kind: 'observation', margin: '30%' },
      },
    },
    mishaps: (chance) => some([...badDays, operator], { atLeast: 3, atMost: 8, withinMs: 180_000 }, chance),
  },
  ...strategyWorlds,
]
