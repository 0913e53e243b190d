import { createHarm, readHarm, updateHarm, type HarmState } from '@serin/stats'
import { normal, poisson, xoshiro, type Uniform } from '@serin/stats/seeded'
import { errorBoundary } from './error-boundary.ts'
import type { HarmlessWorld } from './harmless-worlds.ts'
import { peekedZ } from './rivals/peeked.ts'
import { rivalsAt } from './rivals/all.ts'
import { addInterval, nothing, type Interval, type Rival } from './rivals/rival.ts'

/** How often a method rolled a harmless canary back. */
export interface Mistakes {
  readonly method: string
  readonly rolledBack: number
  readonly runs: number
}

const firstSeed = 0x40000000

/** Everything of Serin's is called so; the other names are rules of others. */
export const serinPrefix = 'Serin: '

/** Lets harmless canaries live through a world, watched by Serin's test (with and without restarts) and by the rules of others, on the same counts. */
export function playHarmless(
  world: HarmlessWorld,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): readonly Mistakes[] {
  const methods = [...serinRules(alpha, 1_000 * world.stepSeconds), ...rivalsOf(world, alpha)]
  const rolledBack = methods.map(() => 0)
  for (let run = 0; run < runs; run += 1) {
    for (const [i, found] of playRun(world, methods, xoshiro(firstSeed + run)).entries())
      if (found) rolledBack[i] = (rolledBack[i] ?? 0) + 1
  }
  return methods.map(({ method }, i) => ({ method, rolledBack: rolledBack[i] ?? 0, runs }))
}

function rivalsOf({ stepSeconds, seconds }: HarmlessWorld, alpha: number): readonly Rival[] {
  const often = stepSeconds === 1 ? [peekedZ({ level: 0.05, everySeconds: 1 })] : []
  return [...rivalsAt(alpha), ...often].filter(({ everySeconds }) => everySeconds <= seconds)
}

/** Serin's tests as rules: they look at every step. */
function serinRules(alpha: number, durationMs: number): readonly Rival[] {
  const rule = (method: string, restarts: { readonly fraction: number } | null): Rival => ({
    method,
    everySeconds: 0,
    start: () => {
      let state: HarmState = createHarm({ restarts })
      return (interval) => {
        const { canary, canaryErrors, stable, stableErrors } = interval
        const share = canary + stable > 0 ? canary / (canary + stable) : 0
        const updated = updateHarm(state, { share, canary: canaryErrors, stable: stableErrors, durationMs })
        if (updated.ok) state = updated.state
        return readHarm(state).logE >= Math.log(1 / alpha)
      }
    },
  })
  return [rule(`${serinPrefix}errors`, null), rule(`${serinPrefix}errors, half on restarts`, { fraction: 0.5 })]
}

function playRun(world: HarmlessWorld, methods: readonly Rival[], uniform: Uniform): readonly boolean[] {
  const watchers = methods.map(({ everySeconds, start }) => ({
    everySeconds,
    look: start(),
    waiting: nothing,
    found: false,
  }))
  for (let second = 0; second < world.seconds; second += world.stepSeconds) {
    const interval = step(world, second, uniform)
    for (const watcher of watchers) {
      if (watcher.found) continue
      watcher.waiting = addInterval(watcher.waiting, interval)
      if (watcher.everySeconds > 0 && (second + world.stepSeconds) % watcher.everySeconds !== 0) continue
      watcher.found = watcher.look(watcher.waiting)
      watcher.waiting = nothing
    }
  }
  return watchers.map(({ found }) => found)
}

/** What one step brings: numbers of requests around their means, failures by Poisson's law. */
function step(world: HarmlessWorld, second: number, uniform: Uniform): Interval {
  const share = world.share(second)
  const rate = world.rate(second)
  const all = world.requestsPerSecond * world.stepSeconds
  const around = (mean: number): number => Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(uniform)))
  const [canary, stable] = [around(all * share), around(all * (1 - share))]
  const canaryErrors = Math.min(canary, poissonOf(uniform, canary * rate * world.factor))
  return { canary, canaryErrors, stable, stableErrors: Math.min(stable, poissonOf(uniform, stable * rate)) }
}

/** A Poisson count of any mean: in parts, since inversion loses its footing above a few hundred. */
function poissonOf(uniform: Uniform, mean: number): number {
  let count = 0
  for (let rest = mean; rest > 0; rest -= 400) count += poisson(uniform, Math.min(rest, 400))
  return count
}

/** Coins alone: coins of 5 %, 10 000 failures each, looked at after each. */
export function playCoins({ runs, alpha }: { readonly runs: number; readonly alpha: number }): Mistakes {
  const boundary = errorBoundary(0.05, Math.log(1 / alpha))
  let rolledBack = 0
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(firstSeed + run)
    let canary = 0
    for (let errors = 1; errors <= 10_000; errors += 1) {
      if (uniform() < 0.05) canary += 1
      if (canary < boundary(errors)) continue
      rolledBack += 1
      break
    }
  }
  return { method: `${serinPrefix}errors`, rolledBack, runs }
}
