import type { CanaryStrategy } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'

const minute = 60_000
const hour = 60 * minute
const step = (percent: number, holdMs: number): PlanStep => ({ weightBp: percent * 100, holdMs, pause: false })

/** The well-known ramps: share and the evidence time before the next. */
const ramps: Readonly<Record<NonNullable<CanaryStrategy['preset']>, readonly PlanStep[]>> = {
  '1-5-25-100': [step(1, hour), step(5, 5 * hour), step(25, 18 * hour)],
  '5-25-50-100': [step(5, 30 * minute), step(25, 30 * minute), step(50, hour)],
}

/** Compiles a canary strategy: its steps or its preset, in order; promotion follows the last. */
export function planCanary(strategy: CanaryStrategy, versions: { stable: string; canary: string }): Plan {
  const steps =
    strategy.preset === undefined
      ? (strategy.steps ?? []).map(({ weight, hold, pause }) => ({ weightBp: weight, holdMs: hold, pause }))
      : ramps[strategy.preset]
  return { strategy: 'canary', ...versions, steps, deadlineMs: strategy.deadline }
}

/** A plan without steps: as soon as the version is ready it takes everything. For going back to a version that was stable before. */
export function planInstant(versions: { stable: string; canary: string }): Plan {
  return { strategy: 'instant', ...versions, steps: [], deadlineMs: hour }
}
