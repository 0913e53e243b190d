import {
  anybody,
  becomes,
  canaryCrash,
  clockJump,
  death,
  evidenceTrouble,
  fullDisk,
  gatewayRestart,
  replicaCrash,
  routerTrouble,
  says,
  some,
  stableCrash,
  unready,
  standstill,
} from './mishaps.ts'
import type { Mishap, Outcome, Scenario, StageCommand } from './scenario.ts'
import { calm, failing, harmful, healthy, neverPromoted, sound, survived, usual } from './usual.ts'

const second = 1_000
const fourCopies = { workload: { kind: 'process', command: ['serve'], replicas: 4 } }
/** Four copies have a third more room than there is traffic. */
const tight = { ...calm, capacityPerSecond: 100 }

const strategies = {
  'blue-green': { kind: 'blue-green', gates: [{ kind: 'command', command: ['test'] }], bake: '60s' },
  switch: { kind: 'blue-green', over: '60s', bake: '30s' },
  rolling: { kind: 'rolling', hold: '8s', bake: '20s' },
  surge: { kind: 'rolling', maxSurge: '50%', maxUnavailable: 0, until: 'safe', hold: '10s' },
  replicas: { kind: 'canary', by: 'replicas', steps: shares('10s', '25%', '50%', '75%'), bake: '20s' },
  both: { kind: 'canary', by: 'both', steps: shares('10s', '10%', '50%') },
  shadow: { kind: 'shadow', hold: '20s', pairs: 1_000, finally: 'promote', bake: '30s' },
  composite: {
    kind: 'composite',
    stages: [
      { kind: 'validate', gates: [{ kind: 'http', url: '{preview}/ready' }] },
      { kind: 'shadow', hold: '10s', pairs: 500 },
      { kind: 'canary', steps: shares('10s', '10%', '50%') },
      { kind: 'switch', over: '20s', gates: [{ kind: 'command', command: ['test'] }] },
    ],
    bake: '20s',
  },
} as const

type Name = keyof typeof strategies

function shares(hold: string, ...weights: readonly string[]): readonly Record<string, string>[] {
  return weights.map((weight) => ({ weight, hold }))
}

const released = (name: Name, deadline = '5m'): Pick<Scenario, 'surroundings' | 'file'> => ({
  surroundings: tight,
  file: { ...fourCopies, strategy: { ...strategies[name], deadline } },
})

const badDays = [
  routerTrouble,
  evidenceTrouble,
  fullDisk,
  death,
  death,
  clockJump,
  canaryCrash,
  stableCrash,
  replicaCrash,
  unready,
  gatewayRestart,
]
const often = { atLeast: 2, atMost: 7, withinMs: 150 * second }

/** What must come of it, when chance may roll a healthy version back now and then. */
const ends = (version: string, end: Outcome['end']): Scenario['expect'] => {
  return (outcome) =>
    outcome.version === version && (outcome.end === end || outcome.reason === 'harmful')
      ? null
      : `expected ${version} ${end}, got ${outcome.version} ${outcome.end} (${outcome.reason}): ${outcome.sentence}`
}

/** Ends for this reason, with at most this share on the way. */
const endsFor = (end: Outcome['end'], reason: string, mostBp: number): Pick<Scenario, 'healthy' | 'expect'> => ({
  healthy: false,
  expect: (outcome) =>
    outcome.end === end && outcome.reason === reason && outcome.highestBp <= mostBp
      ? null
      : `expected ${end} (${reason}) with at most ${mostBp} bp, got ${outcome.end} (${outcome.reason}) after ${outcome.highestBp} bp: ${outcome.sentence}`,
})

/** Every strategy: with a version that is all right, with one that is not, and both on bad days. */
const everyStrategy = Object.keys(strategies).flatMap((key): readonly Scenario[] => {
  const name = key as Name
  const own = { ...usual, ...released(name) }
  const canary = { ...failing(0.06), differentRatio: 0.05 }
  return [
    {
      ...own,
      ...healthy,
      name: `${name}-same`,
      promise: `The same version again is promoted: ${name}.`,
      expect: ends('v2', 'promoted'),
    },
    { ...own, ...harmful, name: `${name}-harmful`, promise: `A harmful version is rolled back: ${name}.`, canary },
    {
      ...own,
      ...survived,
      name: `${name}-bad-day`,
      promise: `Whatever goes wrong, no promise is broken: ${name}.`,
      mishaps: (chance) => some([...badDays, anybody], often, chance),
    },
    {
      ...own,
      ...neverPromoted,
      name: `${name}-bad-day-harmful`,
      promise: `A harmful version is not promoted on the worst of days: ${name}.`,
      canary,
      mishaps: (chance) => some(badDays, often, chance),
    },
    {
      ...own,
      ...survived,
      name: `${name}-taken-over`,
      promise: `However often another control plane takes over, no promise is broken: ${name}.`,
      mishaps: (chance) => some([...badDays, ...Array.from({ length: 8 }, () => standstill), anybody], often, chance),
    },
  ]
})

const lateHarm: readonly Scenario[] = [
  {
    ...usual,
    ...released('blue-green'),
    ...harmful,
    name: 'blue-green-late-harm',
    promise: 'Green that turns bad while it has everything is rolled back.',
    mishaps: () => becomes(30 * second, failing(0.1)),
  },
  {
    ...usual,
    ...released('switch'),
    name: 'switch-half-harm',
    promise: 'A switch is turned round when harm is seen at half of it.',
    mishaps: () => becomes(33 * second, failing(0.1)),
    healthy: false,
    expect: (outcome) =>
      harmful.expect(outcome) ?? (outcome.highestBp < 10_000 ? null : 'it had everything before it went back'),
  },
  {
    ...usual,
    ...harmful,
    surroundings: tight,
    file: { ...fourCopies, strategy: { kind: 'rolling', hold: '20s' } },
    name: 'rolling-third-harm',
    promise: 'A rolling release goes back when the third copy brings harm, and stable is never short of copies.',
    mishaps: () => becomes(58 * second, failing(0.15)),
  },
  {
    ...usual,
    ...released('composite'),
    ...harmful,
    name: 'composite-late-harm',
    promise: 'A version that turns bad in the last stages is rolled back.',
    mishaps: () => becomes(75 * second, failing(0.1)),
  },
]

const experiment = {
  ...usual,
  surroundings: {
    ...calm,
    population: { users: 4_000, activitySigma: 0.5, fragileRatio: 0, newcomerRatio: 0.05 },
    labels: { ratio: 0.5, meanDelayMs: 3_000 },
  },
  stable: { ...sound, wrongRatio: 0.12 },
  file: {
    metrics: { errors: { kind: 'errors' }, wrong: { kind: 'observation', role: 'goal' } },
    strategy: { kind: 'ab', share: '50%', goal: 'wrong', units: 6_000, hold: '10s', deadline: '20m' },
  },
}

const experiments: readonly Scenario[] = [
  {
    ...experiment,
    ...healthy,
    name: 'ab-better',
    promise: 'An experiment ends with the better version.',
    canary: { ...sound, wrongRatio: 0.04 },
    expect: ends('v2', 'promoted'),
  },
  {
    ...experiment,
    name: 'ab-no-better',
    promise: 'An experiment that shows nothing ends with the version there was.',
    canary: { ...sound, wrongRatio: 0.12 },
    healthy: false,
    expect: ({ end, highestBp }) => (end === 'rolled-back' && highestBp <= 5_000 ? null : `it ended ${end}`),
  },
]

/** Somebody speaks every few seconds, from a time on. */
function speakers(fromMs: number, everyMs: number, ...types: readonly StageCommand[]): readonly Mishap[] {
  return types.map((type, i) => says(fromMs + i * everyMs, type))
}

const command = { kind: 'command', command: ['test'], within: '40s' }

function gated(...gates: readonly Record<string, unknown>[]): Pick<Scenario, 'file'> {
  return { file: { strategy: { kind: 'blue-green', gates, bake: '20s', deadline: '5m' } } }
}

const gates: readonly Scenario[] = [
  {
    ...usual,
    ...gated(command),
    ...endsFor('rolled-back', 'gate', 0),
    name: 'gate-hangs',
    promise: 'A gate that never answers has failed when its time is over; nobody has met the version.',
    gates: { command: { says: 'nothing', afterMs: 0 } },
  },
  {
    ...usual,
    ...gated(command),
    ...endsFor('rolled-back', 'gate', 0),
    name: 'gate-fails',
    promise: 'A gate that fails ends it before anybody has met the version.',
    gates: { command: { says: 'failed', afterMs: 3 * second } },
  },
  {
    ...usual,
    ...gated({ ...command, onFailure: 'hold' }),
    ...healthy,
    name: 'gate-held',
    promise: 'A gate that fails and holds is asked anew when somebody lets it go on.',
    gates: { command: { says: ['failed', 'passed'], afterMs: 3 * second } },
    mishaps: () => [says(20 * second, 'resume')],
    expect: ends('v2', 'promoted'),
  },
  {
    ...usual,
    ...gated({ kind: 'http', url: '{preview}/ready', every: '2s' }, command),
    ...healthy,
    name: 'gate-flaps',
    promise: 'A gate that is asked again and again passes once it says so.',
    gates: { http: { says: ['waiting', 'waiting', 'waiting', 'passed'], afterMs: 500 } },
    expect: ends('v2', 'promoted'),
  },
  {
    ...usual,
    ...gated({ ...command, within: '5m' }, { ...command, name: 'second' }),
    ...healthy,
    name: 'gate-late',
    promise: 'What a gate said to a control plane that is gone is not heard: it is asked again.',
    gates: { command: { says: 'passed', afterMs: 15 * second } },
    mishaps: (chance) => [
      ...death(chance.between(3_000, 14_000), chance),
      ...death(chance.between(15_000, 50_000), chance),
    ],
    expect: ends('v2', 'promoted'),
  },
  {
    ...usual,
    ...gated(command, { kind: 'approval', people: 2 }),
    ...healthy,
    name: 'two-people',
    promise: 'Two people have to agree; one who says it twice is one.',
    mishaps: () =>
      speakers(3 * second, 4 * second, 'approve-ann', 'approve-ann', 'approve-ann', 'approve-bob', 'approve-ann'),
    expect: ends('v2', 'promoted'),
  },
  {
    ...usual,
    ...gated({ kind: 'approval', people: 2 }),
    name: 'one-person',
    promise: 'Where two people have to agree, one does not bring anybody to the version.',
    mishaps: () => speakers(6 * second, 4 * second, 'approve-ann', 'approve-ann'),
    healthy: false,
    expect: ({ end, highestBp }) => (end === 'waiting' && highestBp === 0 ? null : `it is ${end} at ${highestBp} bp`),
  },
  {
    ...usual,
    ...gated({ kind: 'approval', people: 2 }, { ...command, onFailure: 'hold' }, { kind: 'approval', name: 'last' }),
    ...survived,
    name: 'gates-bad-day',
    promise: 'Whatever goes wrong, nobody meets the version before all gates have passed.',
    gates: { command: { says: ['nothing', 'failed', 'waiting', 'passed'], afterMs: 2 * second } },
    mishaps: (chance) => [
      ...some([...badDays, anybody], often, chance),
      ...speakers(chance.between(2_000, 30_000), 5 * second, 'approve-ann', 'approve-bob', 'approve-ann', 'resume'),
      ...speakers(chance.between(60_000, 120_000), 9 * second, 'resume', 'approve-bob', 'approve-ann', 'approve-bob'),
    ],
  },
]

/** A freeze of two minutes that begins in mid-rollout; the release is ten seconds after the world. */
function freeze(fromS: number): Record<string, unknown> {
  const at = (s: number) => new Date(Date.UTC(2026, 0, 1) + (10 + s) * second).toISOString()
  return { freeze: [{ from: at(fromS), to: at(fromS + 120), why: 'A holiday.' }] }
}

const frozen = (['blue-green', 'switch', 'rolling', 'replicas', 'composite'] as const).map((name): Scenario => ({
  ...usual,
  ...released(name),
  ...healthy,
  name: `${name}-frozen`,
  promise: `In a freeze everything stands still, and goes on after it: ${name}.`,
  file: { ...released(name).file, ...freeze(name === 'blue-green' ? 5 : 21) },
  expect: (outcome) =>
    outcome.worldMs > 140 * second ? ends('v2', 'promoted')(outcome) : `it was over after ${outcome.worldMs} ms`,
}))

const canarySteps = { kind: 'canary', steps: shares('10s', '5%', '25%'), deadline: '5m' }
const silence = { ...calm, bursts: { onMs: 22 * second, offMs: 24_000 * second } }

const rest: readonly Scenario[] = [
  {
    ...usual,
    ...healthy,
    name: 'queued',
    promise: 'A release that waits behind another begins when that is over.',
    file: { strategy: canarySteps },
    mishaps: () => [says(8 * second, 'queue-v3')],
    expect: ends('v3', 'promoted'),
  },
  {
    ...usual,
    ...survived,
    name: 'queued-bad-day',
    promise: 'What waits is not lost, whatever goes wrong.',
    file: { strategy: canarySteps },
    mishaps: (chance) => [says(chance.between(1, 15) * second, 'queue-v3'), ...some(badDays, often, chance)],
    expect: ({ version }) => (version === 'v3' || version === 'v2' ? null : `${version} was released`),
  },
  ...(['hold', 'rollback'] as const).map((action): Scenario => ({
    ...usual,
    ...endsFor(action === 'hold' ? 'held' : 'rolled-back', 'no-evidence', 500),
    name: `no-evidence-${action}`,
    promise: `Evidence that is missing for long: ${action}, and never more traffic.`,
    surroundings: silence,
    file: { strategy: canarySteps, analysis: { noData: { after: '60s', do: action } } },
  })),
  {
    ...usual,
    ...harmful,
    name: 'kept-aborted',
    promise: 'A version that was rolled back is kept for somebody to look at it.',
    canary: failing(0.2),
    file: { strategy: canarySteps, keepAborted: '10m', warmLimit: 1 },
  },
]

/** Worlds of every strategy, gates, freezes, queues and missing evidence. */
export const strategyWorlds: readonly Scenario[] = [
  ...everyStrategy,
  ...lateHarm,
  ...experiments,
  ...gates,
  ...frozen,
  ...rest,
]
