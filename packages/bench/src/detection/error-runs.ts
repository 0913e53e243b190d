import { xoshiro } from '@serin/stats/seeded'
import { createHarm, exactThreshold, readHarm, updateHarm } from '@serin/stats'
import { errorBoundary, type ErrorBoundary } from './error-boundary.ts'
import { sampleOf, type Sample } from './sample.ts'
import type { ErrorScenario } from './scenarios.ts'

/** Canary requests to rollback: Serin's test of errors, and the clairvoyant test on the same requests. */
export interface Duel {
  readonly one: Sample
  readonly sprt: Sample
}

/** The duel of errors has a third: the same test with the exact threshold of a horizon that was fixed before. */
export interface ErrorDuel extends Duel {
  readonly exact: {
    readonly threshold: number
    readonly found: Sample
    /** Part of the runs, 0..1, in which the horizon ended first. */
    readonly missed: number
  }
}

const firstSeed = 0x5e510000
/** Failures of both versions after which a test with an exact threshold ends. */
const horizonEvents = 10_000

/**
 * Plays the requests of a scenario until both tests have rolled back. Each request draws its version, then its outcome; both tests look after each.
 * The clairvoyant knows both rates and only has to tell "canary worse" from "no difference" (Wald's test of the same null).
 */
export function playErrors(
  scenario: ErrorScenario,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): ErrorDuel {
  const { share } = scenario
  const threshold = Math.log(1 / alpha)
  const boundary = errorBoundary(share, threshold)
  const exact = exactThreshold({ share, horizonEvents }, alpha)
  const sharper = errorBoundary(share, exact.threshold)
  const found = Array.from({ length: runs }, (_, run) =>
    playRun(scenario, { seed: firstSeed + run, threshold, boundary, sharper }),
  )
  const inTime = found.map((run) => run.exact).filter((requests) => requests > 0)
  return {
    one: sampleOf(found.map(({ one }) => one)),
    sprt: sampleOf(found.map(({ sprt }) => sprt)),
    exact: { threshold: exact.threshold, found: sampleOf(inTime), missed: 1 - inTime.length / runs },
  }
}

interface Run {
  readonly seed: number
  readonly threshold: number
  readonly boundary: ErrorBoundary
  readonly sharper: ErrorBoundary
}

function playRun(
  { share, p0, p1 }: ErrorScenario,
  { seed, threshold, boundary, sharper }: Run,
): { one: number; sprt: number; exact: number } {
  const uniform = xoshiro(seed)
  const q = share * p1 + (1 - share) * p0
  const [canaryFails, canaryWorks] = [Math.log(p1 / q), Math.log((1 - p1) / (1 - q))]
  const [stableFails, stableWorks] = [Math.log(p0 / q), Math.log((1 - p0) / (1 - q))]
  let [requests, canaryErrors, errors, likelihood, one, sprt, exact] = [0, 0, 0, 0, 0, 0, 0]
  while (one === 0 || sprt === 0) {
    const canary = uniform() < share
    const failed = uniform() < (canary ? p1 : p0)
    if (canary) {
      requests += 1
      likelihood += failed ? canaryFails : canaryWorks
    } else likelihood += failed ? stableFails : stableWorks
    if (failed) {
      errors += 1
      if (canary) canaryErrors += 1
      if (exact === 0 && errors <= horizonEvents && canaryErrors >= sharper(errors)) exact = requests
      if (one === 0 && canaryErrors >= boundary(errors)) one = requests
    }
    if (sprt === 0 && likelihood >= threshold) sprt = requests
  }
  return { one, sprt, exact }
}

/** What the product watches besides: the other half of the budget belongs to latency. */
const ownShare = 0.5

/** How the shipped set looks: once per slot, at the share by which versions are drawn or the one realised in the slot. */
export interface Looks {
  readonly slotMs: number
  readonly share: 'drawn' | 'realised'
}

/** The set as it ships: half the budget, half the capital on restarts. The requests are the same; a slot counts whole. */
export function playShippedErrors(
  { share, p0, p1, requestsPerSecond }: ErrorScenario,
  { runs, alpha, slotMs, share: known }: { readonly runs: number; readonly alpha: number } & Looks,
): Sample {
  const threshold = Math.log(1 / (ownShare * alpha))
  const perSlot = Math.max(1, Math.round((requestsPerSecond * slotMs) / 1_000))
  const durationMs = (perSlot * 1_000) / requestsPerSecond
  const found = Array.from({ length: runs }, (_, run) => {
    const uniform = xoshiro(firstSeed + run)
    let state = createHarm()
    let requests = 0
    while (readHarm(state).logE < threshold) {
      const counts = { canary: 0, canaryErrors: 0, stableErrors: 0 }
      for (let i = 0; i < perSlot; i += 1) {
        const canary = uniform() < share
        const failed = uniform() < (canary ? p1 : p0)
        if (canary) counts.canary += 1
        if (failed && canary) counts.canaryErrors += 1
        if (failed && !canary) counts.stableErrors += 1
      }
      requests += counts.canary
      const { canaryErrors, stableErrors } = counts
      const seen = known === 'drawn' ? share : counts.canary / perSlot
      const updated = updateHarm(state, { share: seen, canary: canaryErrors, stable: stableErrors, durationMs })
      if (updated.ok) state = updated.state
    }
    return requests
  })
  return sampleOf(found)
}
