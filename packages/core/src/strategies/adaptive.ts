import type { AdaptiveStrategy } from '@serin/spec'
import type { Plan } from '../plan.ts'
import type { PlanVersions } from './steps.ts'

/** Shares in basis points, each at most about three times the one before: what a service meets for the first time comes in portions. */
const ladderBp = [10, 30, 100, 300, 900, 2_500, 5_000, 7_500] as const

/** Compiles an adaptive strategy: a ladder up to its greatest share. Where on it the canary is, the budget decides (docs/decisions/0019-adaptive-ramp.md). */
export function planAdaptive(strategy: AdaptiveStrategy, { stable, canary }: PlanVersions): Plan {
  const { budget, every, max, deadline } = strategy
  const steps = [...ladderBp.filter((weightBp) => weightBp < max), max].map((weightBp) => ({
    weightBp,
    holdMs: every,
    pause: false,
  }))
  return { strategy: 'adaptive', stable, canary, steps, budget, deadlineMs: deadline }
}
