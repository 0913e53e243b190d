import { xoshiro, type Uniform } from '@serin/stats/seeded'
import { crowdPerSecond, crowdShare, crowdSize, drawCrowd, nextUser, type Crowd } from './crowd.ts'
import { errorBoundary } from './error-boundary.ts'
import type { Duel } from './error-runs.ts'
import { sampleOf } from './sample.ts'
import type { Temper, UserScenario } from './scenarios.ts'
import { createUserEvidence } from './user-evidence.ts'

const firstSeed = 0x05e70000
const hour = 3_600

/** After a day a canary that is still there counts as missed: each user is scored a few times only, so the evidence can run out. */
const daySeconds = 86_400
const dayRequests = daySeconds * crowdPerSecond

/** The duel of users, with the part of the runs, 0..1, that the test by users did not roll back within a day. */
export interface UserDuel extends Duel {
  readonly missed: number
}

/** Plays requests of sticky users until the test by users and the clairvoyant one, which knows the whole model, have rolled back. */
export function playUsers(
  scenario: UserScenario,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): UserDuel {
  const threshold = Math.log(1 / alpha)
  const found = Array.from({ length: runs }, (_, run) => playRun(scenario, run, threshold))
  const inTime = found.map(({ one }) => one).filter((requests) => requests > 0)
  const sprt = found.map((run) => run.sprt).filter((requests) => requests > 0)
  return { one: sampleOf(inTime), sprt: sampleOf(sprt), missed: 1 - inTime.length / runs }
}

function playRun(scenario: UserScenario, run: number, threshold: number): { one: number; sprt: number } {
  const uniform = xoshiro(firstSeed + run)
  const crowd = drawCrowd(scenario, uniform)
  const evidence = createUserEvidence(withoutRecentFailure(crowd, uniform), crowd.canary)
  const oracle = createOracle(scenario)
  let [requests, one, sprt] = [0, 0, 0]
  for (let all = 0; all < dayRequests && (one === 0 || sprt === 0); all += 1) {
    const user = nextUser(crowd, uniform)
    const canary = crowd.canary[user] === 1
    const failed = uniform() < (crowd.failure[user] ?? 0)
    if (canary) requests += 1
    if (failed && one === 0 && evidence.failed(user) >= threshold) one = requests
    if (sprt === 0 && oracle.saw(user, canary, failed) >= threshold) sprt = requests
  }
  return { one, sprt }
}

/** Who had no failure in the hour before the release, when all were on stable. */
function withoutRecentFailure({ pace, failureBefore }: Crowd, uniform: Uniform): Uint8Array {
  const clean = new Uint8Array(crowdSize)
  for (let user = 0; user < crowdSize; user += 1)
    clean[user] = uniform() < Math.exp(-(pace[user] ?? 0) * (failureBefore[user] ?? 0) * hour) ? 1 : 0
  return clean
}

/**
 * Knows how tempers are spread on both versions, not who has which: the likelihood ratio of each user's whole history, against the coin that gave the
 * user their version.
 */
function createOracle({ stable, canary }: UserScenario): {
  saw(user: number, canary: boolean, failed: boolean): number
} {
  const worlds = [new Histories(stable), new Histories(canary)] as const
  const own = new Float64Array(crowdSize)
  let logE = 0
  return {
    saw(user, isCanary, failed) {
      const [before, after] = [worlds[0].add(user, failed), worlds[1].add(user, failed)]
      const ratio = Math.exp(after - before)
      const value = (isCanary ? after - before : 0) - Math.log(crowdShare * ratio + 1 - crowdShare)
      logE += value - (own[user] ?? 0)
      own[user] = value
      return logE
    },
  }
}

/** ln of the likelihood of each user's requests under a mixture of tempers. */
class Histories {
  readonly #tempers: readonly { readonly works: number; readonly fails: number }[]
  readonly #logs: readonly Float64Array[]

  constructor(tempers: readonly Temper[]) {
    this.#tempers = tempers.map(({ failure }) => ({ works: Math.log(1 - failure), fails: Math.log(failure) }))
    this.#logs = tempers.map(({ weight }) => new Float64Array(crowdSize).fill(Math.log(weight)))
  }

  add(user: number, failed: boolean): number {
    let high = -Infinity
    for (const [i, logs] of this.#logs.entries()) {
      const value = (logs[user] ?? 0) + (failed ? (this.#tempers[i]?.fails ?? 0) : (this.#tempers[i]?.works ?? 0))
      logs[user] = value
      high = Math.max(high, value)
    }
    let sum = 0
    for (const logs of this.#logs) sum += Math.exp((logs[user] ?? 0) - high)
    return high + Math.log(sum)
  }
}

/** How many of so many harmless days are rolled back: by the test of users, and by one that counts each failing request. */
export interface UserMistakes {
  readonly runs: number
  readonly byUsers: number
  readonly byRequests: number
}

/** Harmless canaries among sticky users for 24 hours. Only failures matter, so they alone are drawn: for each user a Poisson process of its own. */
export function playHarmlessUsers(
  scenario: UserScenario,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): UserMistakes {
  const harmless = { stable: scenario.stable, canary: scenario.stable }
  const threshold = Math.log(1 / alpha)
  const boundary = errorBoundary(crowdShare, threshold)
  let [byUsers, byRequests] = [0, 0]
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(firstSeed + run)
    const crowd = drawCrowd(harmless, uniform)
    const evidence = createUserEvidence(withoutRecentFailure(crowd, uniform), crowd.canary)
    let [users, requests, errors, canaryErrors] = [false, false, 0, 0]
    for (const user of failures(crowd, uniform)) {
      errors += 1
      if (crowd.canary[user] === 1) canaryErrors += 1
      if (evidence.failed(user) >= threshold) users = true
      if (canaryErrors >= boundary(errors)) requests = true
      if (users && requests) break
    }
    if (users) byUsers += 1
    if (requests) byRequests += 1
  }
  return { runs, byUsers, byRequests }
}

/** Who fails next, over a day: a user in proportion to pace times failure. */
function* failures({ pace, failure }: Crowd, uniform: Uniform): Generator<number> {
  const until = new Float64Array(crowdSize)
  let rate = 0
  for (let user = 0; user < crowdSize; user += 1) {
    rate += (pace[user] ?? 0) * (failure[user] ?? 0)
    until[user] = rate
  }
  for (let second = 0; ;) {
    second -= Math.log(uniform()) / rate
    if (second > daySeconds) return
    const at = uniform() * rate
    let [low, high] = [0, crowdSize - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((until[middle] ?? rate) < at) low = middle + 1
      else high = middle
    }
    yield low
  }
}
