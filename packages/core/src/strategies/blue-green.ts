import type { BlueGreenStrategy } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { bakeStep, extras, mirrorFrom, type PlanVersions } from './steps.ts'

/**
 * Compiles blue-green: green without traffic while its gates are asked and its answers compared, the switch (at once or evenly over a time), and green
 * watched with all traffic. Blue runs on until promotion, and is kept warm after it.
 */
export function planBlueGreen(strategy: BlueGreenStrategy, { stable, canary }: PlanVersions): Plan {
  const { gates, pause, mirror, over, bake, notify, deadline } = strategy
  const validated = gates.length > 0 || pause || mirror !== undefined
  const preview: PlanStep = {
    weightBp: 0,
    holdMs: 0,
    pause,
    ...extras({ name: 'preview', gates, notify }),
    ...(mirror === undefined ? {} : { mirror: mirrorFrom(mirror) }),
  }
  const steps = [...(validated ? [preview] : []), ...switchSteps(over), ...bakeStep(bake)]
  return { strategy: 'blue-green', stable, canary, steps, deadlineMs: deadline }
}

/** Evenly over a time: T(t) = t ÷ T. At once: nothing, for what follows has everything. */
export function switchSteps(overMs: number): readonly PlanStep[] {
  if (overMs === 0) return []
  return [{ weightBp: 10_000, fromBp: 0, holdMs: overMs, pause: false, name: 'switch', passes: 'no-harm' }]
}
