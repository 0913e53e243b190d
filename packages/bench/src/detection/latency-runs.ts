import {
  binOf,
  createDense,
  createRankMixture,
  histogramOf,
  rankItems,
  readRankMixture,
  recordMs,
  renewReference,
  toSparse,
  updateRankMixture,
  type LogHistogram,
  type RankItems,
} from '@serin/stats'
import { xoshiro, type Uniform } from '@serin/stats/seeded'
import { drawMs, logDensity } from './laws.ts'
import { sampleOf, type Sample } from './sample.ts'
import type { Duel } from './error-runs.ts'
import type { LatencyScenario } from './scenarios.ts'

const firstSeed = 0x1a7e0000
const referenceDraws = 10_000

/** A run with its reference drawn: 10 000 latencies of stable. */
export function beginLatency(
  { stable }: LatencyScenario,
  seed: number,
): { readonly uniform: Uniform; readonly reference: LogHistogram } {
  const uniform = xoshiro(seed)
  const reference = histogramOf(Array.from({ length: referenceDraws }, () => drawMs(stable, uniform)))
  return { uniform, reference }
}

/**
 * Plays the requests of a scenario until the latency test and the clairvoyant one, which knows both densities, have rolled back. Each request draws
 * its version, then its latency; both tests look after each.
 */
export function playLatency(
  scenario: LatencyScenario,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): Duel {
  const threshold = Math.log(1 / alpha)
  const found = Array.from({ length: runs }, (_, run) => playRun(scenario, { run, threshold, most: Infinity }))
  return { one: sampleOf(found.map(({ one }) => one)), sprt: sampleOf(found.map(({ sprt }) => sprt)) }
}

/** The test on a canary that is as fast as stable, or faster: how many of the runs roll it back within so many requests. */
export function falseLatencyRollbacks(
  scenario: LatencyScenario,
  { runs, alpha, requests }: { readonly runs: number; readonly alpha: number; readonly requests: number },
): number {
  const threshold = Math.log(1 / alpha)
  let found = 0
  for (let run = 0; run < runs; run += 1) {
    if (playRun(scenario, { run, threshold, most: requests }).one > 0) found += 1
  }
  return found
}

interface Run {
  readonly run: number
  readonly threshold: number
  /** Requests of both versions after which the run ends undecided; then only Serin's test is played. */
  readonly most: number
}

function playRun(scenario: LatencyScenario, { run, threshold, most }: Run): { one: number; sprt: number } {
  const { share, stable, canary } = scenario
  const { uniform, reference } = beginLatency(scenario, firstSeed + run)
  const scorer = createScorer(reference, share)
  // Who plays a limited number of requests does not ask the clairvoyant.
  let [requests, likelihood, one, sprt] = [0, 0, 0, most < Infinity ? -1 : 0]
  for (let all = 0; all < most && (one === 0 || sprt === 0); all += 1) {
    const isCanary = uniform() < share
    const ms = drawMs(isCanary ? canary : stable, uniform)
    if (isCanary) requests += 1
    if (one === 0 && scorer.score(isCanary, ms) >= threshold) one = requests
    if (sprt !== 0) continue
    const [f0, f1] = [logDensity(stable, ms), logDensity(canary, ms)]
    likelihood += Math.log((isCanary ? f1 : f0) / (share * f1 + (1 - share) * f0))
    if (likelihood >= threshold) sprt = requests
  }
  return { one, sprt }
}

/** The latency test looked at after each request: the same items, the same forgetting, with the two outcomes of a bin computed once per reference. */
export interface Scorer {
  /** Scores a request and returns ln of the evidence. */
  score(canary: boolean, ms: number): number
}

/** Starts a scorer without restarts. */
export function createScorer(first: LogHistogram, share: number): Scorer {
  let reference = first
  let pending = createDense()
  let waiting = 0
  let table = outcomes(rankItems(reference), share)
  const capital = new Float64Array(table.weights.length).fill(1)
  return {
    score(canary, ms) {
      const bin = binOf(ms)
      const own = canary ? table.canary : table.stable
      let sum = 0
      for (let item = 0; item < capital.length; item += 1) {
        // Capital below 1e-300 has lost for good; it is kept from vanishing, that is all.
        const value = Math.max(1e-300, (capital[item] ?? 0) * (own[item]?.[bin] ?? 0))
        capital[item] = value
        sum += (table.weights[item] ?? 0) * value
      }
      if (!canary) {
        recordMs(pending, ms)
        waiting += 1
      }
      if (waiting >= 1_000) {
        reference = renewReference(reference, toSparse(pending))
        table = outcomes(rankItems(reference), share)
        pending = createDense()
        waiting = 0
      }
      return Math.log(sum)
    },
  }
}

interface Outcomes {
  readonly weights: readonly number[]
  readonly canary: readonly Float64Array[]
  readonly stable: readonly Float64Array[]
}

function outcomes({ logWeights, logRatios }: RankItems, share: number): Outcomes {
  const stable = logRatios.map((ratios) => ratios.map((value) => 1 / (1 + share * Math.expm1(value))))
  return {
    weights: logWeights.map(Math.exp),
    canary: logRatios.map((ratios, item) => ratios.map((value, bin) => Math.exp(value) * (stable[item]?.[bin] ?? 0))),
    stable,
  }
}

/** What the product watches besides: the other half of the budget belongs to errors. */
const ownShare = 0.5

/**
 * The product as it ships: half the budget, half the capital on restarts, one histogram per version and slot, the share by which versions are drawn. The requests are the same.
 */
export function playShippedLatency(
  scenario: LatencyScenario,
  {
    runs,
    alpha,
    perSlot,
    slotMs,
  }: { readonly runs: number; readonly alpha: number; readonly perSlot: number; readonly slotMs: number },
): Sample {
  const threshold = Math.log(1 / (ownShare * alpha))
  const found = Array.from({ length: runs }, (_, run) => {
    const { uniform, reference } = beginLatency(scenario, firstSeed + run)
    const created = createRankMixture({ reference })
    if (!created.ok) throw new Error(created.message)
    let state = created.state
    let requests = 0
    while (readRankMixture(state).logE < threshold) {
      const slot: Record<'canary' | 'stable', number[]> = { canary: [], stable: [] }
      for (let i = 0; i < perSlot; i += 1) {
        const arm = uniform() < scenario.share ? 'canary' : 'stable'
        slot[arm].push(drawMs(scenario[arm], uniform))
      }
      requests += slot.canary.length
      const batch = { canary: histogramOf(slot.canary), stable: histogramOf(slot.stable) }
      const updated = updateRankMixture(state, { ...batch, share: scenario.share, durationMs: slotMs })
      if (!updated.ok) throw new Error(updated.message)
      state = updated.state
    }
    return requests
  })
  return sampleOf(found)
}
