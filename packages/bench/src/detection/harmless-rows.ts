import { playCoins, playHarmless, serinPrefix, type Mistakes } from './harmless-runs.ts'
import type { HarmlessWorld } from './harmless-worlds.ts'
import { falseLatencyRollbacks } from './latency-runs.ts'
import { lognormal } from './laws.ts'
import { runsOf, type Measure } from './runs.ts'
import type { LatencyScenario, UserScenario } from './scenarios.ts'
import { falseSetRollbacks } from './set-runs.ts'
import { playHarmlessUsers } from './user-runs.ts'

/** How often one method rolled back a canary that is no worse than stable. */
export interface HarmlessRow {
  readonly id: string
  readonly what: string
  readonly method: string
  /** Part of the runs, 0..1. */
  readonly rate: number
  readonly runs: number
  /** Serin promises at most alpha of its own methods; what others do is shown. */
  readonly promised: boolean
}

function rowOf(id: string, what: string, { method, rolledBack, runs }: Mistakes): HarmlessRow {
  const promised = method.startsWith(serinPrefix)
  return { id, what, method, rate: rolledBack / runs, runs, promised }
}

/** A world of failing requests, watched by everybody. */
export function worldRows(world: HarmlessWorld, measure: Measure): readonly HarmlessRow[] {
  const runs = runsOf(world.stepSeconds === 1 ? 1_500 : 400, measure)
  return playHarmless(world, { runs, alpha: measure.alpha }).map((own) => rowOf(world.id, world.what, own))
}

/** Sticky users for a day; who counts each of their failing requests is the rival. */
export function stickyRows({ alpha, ...measure }: Measure, scenario: UserScenario): readonly HarmlessRow[] {
  const { runs, byUsers, byRequests } = playHarmlessUsers(scenario, { runs: runsOf(150, { alpha, ...measure }), alpha })
  return [
    { method: `${serinPrefix}errors, one coin per user`, rolledBack: byUsers, runs },
    { method: 'The mixture on every request of sticky users', rolledBack: byRequests, runs },
  ].map((own) => rowOf('N8', 'a day of sticky users', own))
}

/** Ten thousand failures that fall on the canary by its share. */
export function coinRows(measure: Measure): readonly HarmlessRow[] {
  const own = playCoins({ runs: runsOf(2_000, measure), alpha: measure.alpha })
  return [rowOf('N-coins', '10 000 failures, a look at each', own)]
}

/** Latencies of one law, or of a canary that is a tenth faster. */
export function latencyRows(measure: Measure, canaryMs: number): readonly HarmlessRow[] {
  const runs = runsOf(100, measure)
  const rolledBack = falseLatencyRollbacks(lawful(canaryMs), { runs, alpha: measure.alpha, requests: 100_000 })
  const [id, what] = canaryMs < 100 ? ['N-faster', 'a canary that is 10 % faster'] : ['N-latency', 'equal latencies']
  return [rowOf(id, `${what}, 100 000 requests`, { method: `${serinPrefix}latency`, rolledBack, runs })]
}

/** Errors and latency at once, half the capital of each on restarts. */
export function setRows(measure: Measure): readonly HarmlessRow[] {
  const runs = runsOf(100, measure)
  const rolledBack = falseSetRollbacks(lawful(100), { runs, alpha: measure.alpha, slots: 1_000 })
  const method = `${serinPrefix}errors and latency, half on restarts`
  return [rowOf('N-set', '1 % failures and equal latencies, 100 000 requests', { method, rolledBack, runs })]
}

function lawful(canaryMs: number): LatencyScenario {
  const law = { stable: [lognormal(1, 100, 0.6)], canary: [lognormal(1, canaryMs, 0.6)] }
  return { id: '', what: '', share: 0.05, part: 1, gates: { one: null, shipped: null, sprt: null }, ...law }
}
