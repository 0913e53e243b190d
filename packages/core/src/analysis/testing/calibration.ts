/** Worlds in which the whole analysis has to keep its promises, for a test in short and a command at length. */
import { histogramOf } from '@serin/stats'
import { normal, xoshiro, type Uniform } from '@serin/stats/seeded'
import { createAnalysis, foldSlot } from '../fold.ts'
import { judge } from '../judge.ts'
import { chooseCuts } from '../setup.ts'
import { setupOf } from './setups.ts'
import { createTraffic, type Answers, type Person } from './traffic.ts'

/** Traffic that is judged each second. */
export interface Case {
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

/** What came of it. */
export interface Found {
  readonly harmful: number | null
  /** First second in which each metric was safe. */
  readonly safe: Readonly<Record<string, number>>
}

/** Epochs as the gateway has them: a minute at first, then by half of what has passed. */
const epochAfter = (second: number): number => Math.max(second + 60, second * 1.5)

/** Plays a case and judges it again and again; ends when harm is proved. */
export function play(each: Case, seed: number): Found {
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
    state = foldSlot(setup, state, traffic.second(share(second)), { bp: share(second) }).state
    // Looked at every second in the first minute, and often enough after that.
    if (second > 60 && second % 5 !== 0) continue
    const judgement = judge(setup, state, { nextBp, now: second * 1_000, since: 0, warmingUp: false })
    for (const { name, verdict } of judgement.metrics) if (verdict === 'safe') safe[name] ??= second
    if (judgement.verdict === 'harmful') return { harmful: second, safe }
  }
  return { harmful: null, safe }
}

/** A version that fails one request in two hundred and takes 50 ms. */
export const answers = (more: Partial<Answers> = {}): Answers => ({
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

/** A thousand users who come back, for four minutes. */
export const sticky: Case = { users: 1_000, requestsPerSecond: 60, seconds: 240, v1: answers(), v2: answers() }

/** What is promised of a case. */
export interface Calibration {
  readonly name: string
  /** harmless: at most 1 % rolled back. at-the-margin: `metric` is called safe in at most 5 %. harmful: found within so many seconds, in most runs. */
  readonly promise:
    | { readonly kind: 'harmless' }
    | { readonly kind: 'at-the-margin'; readonly metric: string }
    | { readonly kind: 'harmful'; readonly withinSeconds: number }
  readonly case: Case
  /** Runs of one round. */
  readonly runs: number
}

const harmless = (name: string, runs: number, each: Case): Calibration => ({
  name,
  promise: { kind: 'harmless' },
  case: each,
  runs,
})
const atTheMargin = (name: string, metric: string, runs: number, each: Case): Calibration => ({
  name,
  promise: { kind: 'at-the-margin', metric },
  case: each,
  runs,
})
const harmful = (name: string, withinSeconds: number, each: Case): Calibration => ({
  name,
  promise: { kind: 'harmful', withinSeconds },
  case: each,
  runs: 10,
})

const tenth = answers({ failed: fails(() => 0.1) })
const incident = fails((_, second) => (second >= 100 && second < 110 ? 0.3 : 0.01 * (1 + Math.sin(second / 40))))
const pareto = answers({ ms: (uniform) => 20 * uniform() ** (-1 / 1.2) })
const twoModes = (slow: number): Answers =>
  answers({ ms: (uniform) => (uniform() < slow ? 500 : 50) * Math.exp(0.2 * normal(uniform)) })
const edge = { ...sticky, seconds: 150, share: () => 5_000, nextBp: 10_000 }
const slowEdge = { ...edge, v1: twoModes(0.1), v2: twoModes(0.15) }
const failEdge = { ...edge, v1: answers({ failed: fails(() => 0.004) }), v2: answers({ failed: fails(() => 0.009) }) }
/** One user in fifty always fails, and on stable nobody: 2 % of the requests in the mean, but none for most users. */
const rare = {
  ...edge,
  v1: answers({ failed: () => false }),
  v2: answers({ failed: fails(({ own }) => (own > 2.05 ? 1 : 0)) }),
}

/** Every world. */
export const calibrations: readonly Calibration[] = [
  harmless('sticky users, some fragile, some very busy', 15, {
    ...sticky,
    activitySigma: 1.5,
    v1: answers({ failed: fragile(1) }),
    v2: answers({ failed: fragile(1) }),
  }),
  harmless('faster: its users meet their first slow request later', 8, {
    ...sticky,
    users: 500,
    seconds: 400,
    v2: answers({ ms: logNormal(30) }),
  }),
  harmless('fewer errors', 5, {
    ...sticky,
    users: 500,
    seconds: 400,
    v1: tenth,
    v2: answers({ failed: fails(() => 0.03) }),
  }),
  harmless('the same errors, later', 5, {
    ...sticky,
    users: 500,
    seconds: 400,
    v1: tenth,
    v2: answers({ failed: fails((_, second) => (second < 90 ? 0.01 : 0.1)) }),
  }),
  harmless('drift while ramping, an incident for both, a gateway that starts again', 10, {
    ...sticky,
    v1: answers({ failed: incident }),
    v2: answers({ failed: incident }),
    share: (second) => (second < 80 ? 500 : second < 160 ? 2_500 : 5_000),
    restartAt: 120,
  }),
  harmless('requests that belong to nobody', 10, { ...sticky, users: 0, v2: answers({ ms: logNormal(40) }) }),
  harmless('heavy tails', 10, { ...sticky, v1: pareto, v2: pareto }),
  harmless('a tiny canary', 10, { ...sticky, requestsPerSecond: 120, share: () => 20 }),
  harmless('errors that hardly ever come', 10, {
    ...sticky,
    v1: answers({ failed: fails(() => 0.0002) }),
    v2: answers({ failed: fails(() => 0.0002) }),
    share: () => 5_000,
  }),
  atTheMargin('slow share at the margin, users', 'latency', 15, { ...slowEdge, users: 600 }),
  atTheMargin('slow share at the margin, no units', 'latency', 15, { ...slowEdge, users: 0 }),
  atTheMargin('errors at both margins, users', 'errors', 12, { ...failEdge, users: 1_500 }),
  atTheMargin('errors at both margins, no units', 'errors', 12, { ...failEdge, users: 0 }),
  atTheMargin('rare and grave: one user in fifty always fails', 'errors', 12, { ...rare, users: 300 }),
  harmful('errors of a twentieth', 120, { ...sticky, v2: answers({ failed: fails(() => 0.05) }) }),
  harmful('twice as slow', 60, { ...sticky, v2: answers({ ms: logNormal(100) }) }),
  harmful('everything fails after two minutes', 125, {
    ...sticky,
    v2: answers({ failed: fails((_, second) => (second > 120 ? 1 : 0.005)) }),
  }),
  harmful('twice as slow after two minutes', 330, {
    ...sticky,
    seconds: 400,
    v2: answers({ ms: (uniform, _person, second) => logNormal(second > 120 ? 100 : 50)(uniform) }),
  }),
]

/** How often the promise is at risk in so many runs: rolled back, called safe, or (for harm) found in time. */
export function countOf(
  { promise, case: each }: Calibration,
  runs: number,
  toldRun: (run: number) => void = () => undefined,
): number {
  let count = 0
  for (let run = 0; run < runs; run += 1) {
    const { harmful: at, safe } = play(each, 0xa7000 + run)
    const counted =
      promise.kind === 'harmless'
        ? at !== null
        : promise.kind === 'at-the-margin'
          ? promise.metric in safe
          : (at ?? Infinity) <= promise.withinSeconds
    if (counted) count += 1
    toldRun(run + 1)
  }
  return count
}

/** The rate that is promised at most; for harm the one that is at least expected. */
export function promisedRate({ promise }: Calibration): number {
  return promise.kind === 'harmless' ? 0.01 : promise.kind === 'at-the-margin' ? 0.05 : 0.7
}

/** Whether a count of runs is compatible with the promise: within three standard errors of it, one run always being possible by chance. */
export function keepsPromise(calibration: Calibration, count: number, runs: number): boolean {
  const rate = promisedRate(calibration)
  const slack = Math.max(1, 3 * Math.sqrt(rate * (1 - rate) * runs))
  return calibration.promise.kind === 'harmful' ? count >= rate * runs - slack : count <= rate * runs + slack
}
