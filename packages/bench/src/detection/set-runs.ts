import {
  combineEvidence,
  createHarm,
  createRankMixture,
  histogramOf,
  readHarm,
  readRankMixture,
  updateHarm,
  updateRankMixture,
  type HarmState,
  type RankMixtureState,
} from '@serin/stats'
import type { Uniform } from '@serin/stats/seeded'
import { beginLatency } from './latency-runs.ts'
import { drawMs } from './laws.ts'
import type { LatencyScenario } from './scenarios.ts'

const firstSeed = 0x40000000
const perSlot = 100
const slotMs = 100
const failure = 0.01

interface Tests {
  readonly errors: HarmState
  readonly latency: RankMixtureState
}

/** The whole set on one stream: how many of the runs roll a canary back that fails like stable and is as fast as the scenario says. */
export function falseSetRollbacks(
  scenario: LatencyScenario,
  { runs, alpha, slots }: { readonly runs: number; readonly alpha: number; readonly slots: number },
): number {
  const threshold = Math.log(1 / alpha)
  let found = 0
  for (let run = 0; run < runs; run += 1) {
    const { uniform, reference } = beginLatency(scenario, firstSeed + run)
    const created = createRankMixture({ reference })
    if (!created.ok) throw new Error(created.message)
    let tests: Tests = { errors: createHarm(), latency: created.state }
    for (let slot = 0; slot < slots; slot += 1) {
      tests = played(tests, scenario, uniform)
      const both = combineEvidence([
        { name: 'errors', weight: 0.5, logE: readHarm(tests.errors).logE },
        { name: 'latency', weight: 0.5, logE: readRankMixture(tests.latency).logE },
      ])
      if (both.logE < threshold) continue
      found += 1
      break
    }
  }
  return found
}

/** One slot: failures are counted, successes are timed. */
function played({ errors, latency }: Tests, scenario: LatencyScenario, uniform: Uniform): Tests {
  const ms: Record<'canary' | 'stable', number[]> = { canary: [], stable: [] }
  const failed = { canary: 0, stable: 0 }
  for (let i = 0; i < perSlot; i += 1) {
    const arm = uniform() < scenario.share ? 'canary' : 'stable'
    if (uniform() < failure) failed[arm] += 1
    else ms[arm].push(drawMs(scenario[arm], uniform))
  }
  const { share } = scenario
  const timed = { canary: histogramOf(ms.canary), stable: histogramOf(ms.stable) }
  const counted = updateHarm(errors, { share, ...failed, durationMs: slotMs })
  // What failed is left out of the latencies, so the numbers of the slot are taken as given.
  const scored = updateRankMixture(latency, { ...timed, share: null, durationMs: slotMs })
  return { errors: counted.ok ? counted.state : errors, latency: scored.ok ? scored.state : latency }
}
