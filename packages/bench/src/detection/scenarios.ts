import { gamma2, lognormal, type LatencyLaw } from './laws.ts'

/** What a scenario promises: canary requests to rollback over the information-theoretic bound. */
export interface Gates {
  /** Of the test of the one metric that has become worse. */
  readonly one: number | null
  /** Of the product: errors, latency and late onsets watched at once. */
  readonly shipped: number | null
  /** Over the clairvoyant test on the same requests. */
  readonly sprt: number | null
}

/** A canary that fails more often, from its first request on. */
export interface ErrorScenario {
  readonly id: string
  /** Probability that a request goes to the canary. */
  readonly share: number
  /** Probability of failure on stable and on the canary. */
  readonly p0: number
  readonly p1: number
  readonly requestsPerSecond: number
  /** Part of the runs that is enough: a few scenarios are very long. */
  readonly part: number
  readonly gates: Gates
}

const usual: Gates = { one: 1.5, shipped: 1.75, sprt: 1.4 }
const few: Gates = { one: 1.8, shipped: null, sprt: 1.4 }
const none: Gates = { one: null, shipped: null, sprt: null }

function errors(id: string, share: number, p0: number, p1: number, more: Partial<ErrorScenario> = {}): ErrorScenario {
  return { id, share, p0, p1, requestsPerSecond: 1_000, part: 1, gates: usual, ...more }
}

/** Failures: of one request in five to one in a thousand, at shares from 1 to 50 %. */
export const errorScenarios: readonly ErrorScenario[] = [
  errors('E1', 0.01, 0.001, 0.2, { gates: few }),
  errors('E2', 0.01, 0.001, 0.01),
  errors('E3', 0.05, 0.001, 0.002),
  errors('E4', 0.05, 0.01, 0.05),
  errors('E5', 0.05, 0.01, 0.02),
  errors('E6', 0.05, 0.01, 0.015),
  errors('E7', 0.25, 0.01, 0.015),
  errors('E8', 0.5, 0.01, 0.015),
  errors('E9', 0.05, 0.00001, 0.001, { gates: few }),
  errors('E10', 0.05, 0.05, 0.06),
  errors('E11', 0.1, 0.01, 0.05, { requestsPerSecond: 10 }),
  errors('E15', 0.05, 0.01, 0.011, { part: 0.1, gates: none }),
  errors('E17', 0.05, 0.01, 0.5, { gates: { ...few, sprt: 1.5 } }),
]

/** A canary that is slower, from its first request on. */
export interface LatencyScenario {
  readonly id: string
  readonly share: number
  readonly what: string
  readonly stable: LatencyLaw
  readonly canary: LatencyLaw
  readonly part: number
  readonly gates: Gates
}

const usualLaw = [lognormal(1, 100, 0.6)]
const modes = (fast: number, factor = 1) => [lognormal(fast, 20 * factor, 0.4), lognormal(1 - fast, 200 * factor, 0.4)]
const bulk: Gates = { one: 1.6, shipped: 2, sprt: null }
const tail: Gates = { one: 2, shipped: 2, sprt: null }
const hard: Gates = { one: 3, shipped: null, sprt: null }

function slower(
  id: string,
  what: string,
  laws: readonly [stable: LatencyLaw, canary: LatencyLaw],
  more: Partial<LatencyScenario>,
): LatencyScenario {
  return { id, share: 0.05, what, stable: laws[0], canary: laws[1], part: 1, gates: bulk, ...more }
}

/** Latency: everything slower, a tail, a mode, and shapes that the dictionary does not hold. */
export const latencyScenarios: readonly LatencyScenario[] = [
  slower('L1', 'everything 10 % slower', [usualLaw, [lognormal(1, 110, 0.6)]], {}),
  slower('L2', 'everything 30 % slower', [usualLaw, [lognormal(1, 130, 0.6)]], {}),
  slower('L3', 'everything twice as slow', [usualLaw, [lognormal(1, 200, 0.6)]], {}),
  slower('L4', '2 % of requests 8 times slower', [usualLaw, [lognormal(0.98, 100, 0.6), lognormal(0.02, 800, 0.6)]], {
    gates: tail,
  }),
  slower(
    'L4b',
    'a slow tail of 1 % becomes 3 %',
    [
      [lognormal(0.99, 100, 0.6), lognormal(0.01, 800, 0.6)],
      [lognormal(0.97, 100, 0.6), lognormal(0.03, 800, 0.6)],
    ],
    { gates: tail },
  ),
  slower('L5', 'two modes, the slow one 10 % → 20 %', [modes(0.9), modes(0.8)], {}),
  slower('L6', 'gamma, mean 20 % higher', [[gamma2(1, 100)], [gamma2(1, 120)]], { gates: none }),
  slower(
    'L7',
    'bulk 10 % faster, 3 % 8 times slower',
    [usualLaw, [lognormal(0.97, 90, 0.6), lognormal(0.03, 720, 0.6)]],
    {
      gates: none,
    },
  ),
  slower(
    'L8',
    '0.5 % of requests 1 s slower',
    [usualLaw, [lognormal(0.995, 100, 0.6), lognormal(0.005, 100, 0.6, 1_000)]],
    {
      gates: hard,
    },
  ),
  slower('L9', 'two modes, both 20 % slower', [modes(0.9), modes(0.9, 1.2)], { gates: none }),
  slower('L2a', 'L2 at half the traffic', [usualLaw, [lognormal(1, 130, 0.6)]], { share: 0.5 }),
  slower('L4a', 'L4 at half the traffic', [usualLaw, [lognormal(0.98, 100, 0.6), lognormal(0.02, 800, 0.6)]], {
    share: 0.5,
    gates: tail,
  }),
]

/** Healthy for half an hour, then failing more often: 5 % of 1000 requests per second, looked at each second. */
export interface LateScenario {
  readonly id: string
  readonly p0: number
  readonly p1: number
  readonly gates: Gates
}

/** Half an hour of health. */
export const onsetSecond = 1_800

/** Late onsets. */
export const lateScenarios: readonly LateScenario[] = [
  { id: 'late-1.5', p0: 0.01, p1: 0.015, gates: none },
  { id: 'late-2', p0: 0.01, p1: 0.02, gates: { one: 3.5, shipped: null, sprt: null } },
  { id: 'late-5', p0: 0.01, p1: 0.05, gates: { one: 4.5, shipped: null, sprt: null } },
]

/** A part of the users and how often a request of theirs fails. */
export interface Temper {
  readonly weight: number
  readonly failure: number
}

/** Users who come back, some of them very busy, stay on their version, and differ in how often they fail. */
export interface UserScenario {
  readonly id: string
  readonly what: string
  readonly stable: readonly Temper[]
  readonly canary: readonly Temper[]
  /** Canary requests that the study's own test needs which knows the whole model; the gates are multiples of it. */
  readonly oracle: number
  readonly gates: Gates
}

const tempers = [
  { weight: 0.98, failure: 0.005 },
  { weight: 0.02, failure: 0.25 },
] as const

function users(
  id: string,
  what: string,
  canary: readonly Temper[],
  { oracle, one }: { readonly oracle: number; readonly one: number },
): UserScenario {
  return { id, what, stable: tempers, canary, oracle, gates: { one, shipped: null, sprt: null } }
}

/** Sticky users: 20 000 of them, 200 requests per second, 5 % on the canary. */
export const userScenarios: readonly UserScenario[] = [
  users(
    'U1',
    'failures twice as frequent',
    tempers.map(({ weight, failure }) => ({ weight, failure: 2 * failure })),
    { oracle: 2_388, one: 3 },
  ),
  users(
    'U2',
    '3 % of users newly fail every second time',
    // First in the list, so that they come from those who were fine before.
    [{ weight: 0.03, failure: 0.5 }, ...tempers.map(({ weight, failure }) => ({ weight: 0.97 * weight, failure }))],
    { oracle: 1_867, one: 2 },
  ),
  users(
    'U3',
    'one more request in a hundred fails, for all',
    tempers.map(({ weight, failure }) => ({ weight, failure: failure + 0.01 })),
    { oracle: 1_379, one: 1.75 },
  ),
]
