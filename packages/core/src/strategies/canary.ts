import type { CanaryStrategy } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { bakeStep, stepFrom, withAllCopies, type PlanVersions } from './steps.ts'

const minute = 60_000
const hour = 60 * minute
const step = (percent: number, holdMs: number): PlanStep => ({ weightBp: percent * 100, holdMs, pause: false })

/** The well-known ramps: share and the evidence time before the next. */
const ramps: Readonly<Record<NonNullable<CanaryStrategy['preset']>, readonly PlanStep[]>> = {
  '1-5-25-100': [step(1, hour), step(5, 5 * hour), step(25, 18 * hour)],
  '5-25-50-100': [step(5, 30 * minute), step(25, 30 * minute), step(50, hour)],
  'canary-10-5m': [step(10, 5 * minute)],
  'canary-10-10m': [step(10, 10 * minute)],
  'canary-10-15m': [step(10, 15 * minute)],
  'canary-10-30m': [step(10, 30 * minute)],
  'linear-10-1m': linear(1_000, minute),
  'linear-10-2m': linear(1_000, 2 * minute),
  'linear-10-3m': linear(1_000, 3 * minute),
  'linear-10-10m': linear(1_000, 10 * minute),
}

/** Shares below 100 %, each larger than the last by the same amount. */
function linear(byBp: number, everyMs: number): readonly PlanStep[] {
  const count = Math.ceil(10_000 / byBp) - 1
  return Array.from({ length: count }, (_, i) => ({ weightBp: (i + 1) * byBp, holdMs: everyMs, pause: false }))
}

/** Shares below 100 %, each larger than the last by the same factor, and by a hundredth of a percent at least. */
function exponential(fromBp: number, factor: number, everyMs: number): readonly PlanStep[] {
  const steps: PlanStep[] = []
  for (let at = fromBp; at < 10_000; at = Math.max(at + 1, Math.round(at * factor)))
    steps.push({ weightBp: at, holdMs: everyMs, pause: false })
  return steps
}

/** Compiles a canary strategy: its steps or its preset, in order; promotion follows the last. */
export function planCanary(strategy: CanaryStrategy, versions: PlanVersions): Plan {
  const { stable, canary } = versions
  const shares = stepsOf(strategy).map((step) => withCopies(step, strategy.by, versions))
  const steps = withAllCopies([...shares, ...bakeStep(strategy.bake)], versions)
  return { strategy: 'canary', stable, canary, steps, deadlineMs: strategy.deadline }
}

function stepsOf({ steps = [], preset, linear: even, exponential: growing }: CanaryStrategy): readonly PlanStep[] {
  if (preset !== undefined) return ramps[preset]
  if (even !== undefined) return linear(even.by, even.every)
  if (growing !== undefined) return exponential(growing.from, growing.factor, growing.every)
  return steps.map(stepFrom)
}

/** How many copies a share needs: at least one, whatever the share. */
function withCopies(step: PlanStep, by: CanaryStrategy['by'], { canaryCopies, stableCopies }: PlanVersions): PlanStep {
  if (by === 'traffic' || step.canaryReplicas !== undefined) return step
  const canaryReplicas = Math.max(1, Math.ceil((step.weightBp * canaryCopies) / 10_000 - 1e-9))
  if (by === 'both') return { ...step, canaryReplicas }
  const rest = Math.max(1, Math.round((stableCopies * (10_000 - step.weightBp)) / 10_000))
  return { ...step, canaryReplicas, stableReplicas: { starting: stableCopies, serving: rest } }
}

/** A plan without steps: as soon as the version is ready it takes everything. For going back to a version that was stable before. */
export function planInstant(versions: { stable: string; canary: string }): Plan {
  return { strategy: 'instant', ...versions, steps: [], deadlineMs: hour }
}
