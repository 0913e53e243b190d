import { createHarm, logSumExp, readHarm, updateHarm, type HarmState } from '@serin/stats'
import { crowdShare, crowdSize } from './crowd.ts'

/** A unit is scored at its first, third and tenth failure: one coin per user and depth. */
const depths = [
  { depth: 1, weight: 0.25 },
  { depth: 3, weight: 0.125 },
  { depth: 10, weight: 0.125 },
] as const

/** Evidence from users: half the capital on all of them, half on those without a failure in the hour before. */
export interface UserEvidence {
  /** A request of a user failed; returns ln of the evidence. */
  failed(user: number): number
}

/** Starts it; `clean` says who had no failure in the hour before, `canary` who is served by the canary. */
export function createUserEvidence(clean: Uint8Array, canary: Uint8Array): UserEvidence {
  const failures = new Uint32Array(crowdSize)
  const tests = depths.map(({ depth, weight }) => ({ depth, weight, all: fresh(), clean: fresh() }))
  let logE = 0
  return {
    failed(user) {
      const count = (failures[user] ?? 0) + 1
      failures[user] = count
      const reached = tests.find(({ depth }) => depth === count)
      if (reached === undefined) return logE
      const on = canary[user] === 1
      reached.all = scored(reached.all, on)
      if (clean[user] === 1) reached.clean = scored(reached.clean, on)
      const parts = tests.flatMap(({ weight, ...own }) =>
        [own.all, own.clean].map((state) => Math.log(weight) + readHarm(state).logE),
      )
      logE = logSumExp(parts)
      return logE
    },
  }
}

const fresh = (): HarmState => createHarm({ restarts: null })

function scored(state: HarmState, canary: boolean): HarmState {
  const updated = updateHarm(state, {
    share: crowdShare,
    canary: canary ? 1 : 0,
    stable: canary ? 0 : 1,
    durationMs: 0,
  })
  return updated.ok ? updated.state : state
}
