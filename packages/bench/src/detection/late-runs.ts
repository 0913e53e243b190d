import { createHarm, readHarm, updateHarm } from '@serin/stats'
import { poisson, xoshiro } from '@serin/stats/seeded'
import { sampleOf, type Sample } from './sample.ts'
import { onsetSecond, type LateScenario } from './scenarios.ts'

/** Canary requests per second, and stable ones: 5 % of 1000. */
const perSecond = { canary: 50, stable: 950 } as const
const share = 0.05
const firstSeed = 0x1a7ec000

/** Canary requests after the onset: with half the capital on restarts, without, and of the clairvoyant who knows the onset and both rates. */
export interface LateDuel {
  readonly one: Sample
  readonly plain: Sample
  readonly sprt: Sample
}

/** Plays a late onset, looked at each second. */
export function playLate(
  scenario: LateScenario,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): LateDuel {
  const threshold = Math.log(1 / alpha)
  const play = (each: (run: number) => number): Sample => sampleOf(Array.from({ length: runs }, (_, run) => each(run)))
  return {
    one: play((run) => exposed(scenario, { run, threshold, restarts: { fraction: 0.5 } })),
    plain: play((run) => exposed(scenario, { run, threshold, restarts: null })),
    sprt: play((run) => clairvoyant(scenario, { run, threshold })),
  }
}

interface Run {
  readonly run: number
  readonly threshold: number
}

/** The seconds of a run: failures of both versions, and whether the onset was. */
function* seconds({ p0, p1 }: LateScenario, run: number): Generator<{ canary: number; stable: number; bad: boolean }> {
  const uniform = xoshiro(firstSeed + run)
  for (let second = 0; ; second += 1) {
    const bad = second >= onsetSecond
    const canary = poisson(uniform, perSecond.canary * (bad ? p1 : p0))
    yield { canary, stable: poisson(uniform, perSecond.stable * p0), bad }
  }
}

function exposed(
  scenario: LateScenario,
  { run, threshold, restarts }: Run & { readonly restarts: { readonly fraction: number } | null },
): number {
  let state = createHarm({ restarts })
  let requests = 0
  for (const { canary, stable, bad } of seconds(scenario, run)) {
    const updated = updateHarm(state, { share, canary, stable, durationMs: 1_000 })
    if (updated.ok) state = updated.state
    if (bad) requests += perSecond.canary
    if (readHarm(state).logE >= threshold) return requests
  }
  return requests
}

function clairvoyant(scenario: LateScenario, { run, threshold }: Run): number {
  const { p0, p1 } = scenario
  const q = share * p1 + (1 - share) * p0
  const score = (p: number, failed: number, all: number): number =>
    failed * Math.log(p / q) + (all - failed) * Math.log((1 - p) / (1 - q))
  let likelihood = 0
  let requests = 0
  for (const { canary, stable, bad } of seconds(scenario, run)) {
    if (!bad) continue
    requests += perSecond.canary
    likelihood += score(p1, canary, perSecond.canary) + score(p0, stable, perSecond.stable)
    if (likelihood >= threshold) return requests
  }
  return requests
}
