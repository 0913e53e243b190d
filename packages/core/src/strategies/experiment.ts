import type { AbStrategy, ShadowStrategy } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { bakeStep, extras, mirrorFrom, type PlanVersions } from './steps.ts'

/** Compiles A/B: a fixed share until the goal is decided, or enough units have not decided it. */
export function planAb(strategy: AbStrategy, { stable, canary }: PlanVersions): Plan {
  const { share, goal, units, hold, pause, gates, bake, deadline } = strategy
  const step: PlanStep = {
    weightBp: share,
    holdMs: hold,
    pause,
    passes: 'decided',
    ...extras({ name: 'experiment', gates }),
  }
  const steps = [step, ...bakeStep(bake)]
  return { strategy: 'ab', stable, canary, steps, goal: { metric: goal, maxUnits: units }, deadlineMs: deadline }
}

/** Compiles shadow: no traffic, copies of requests until their answers have been shown to be alike. */
export function planShadow(strategy: ShadowStrategy, { stable, canary }: PlanVersions): Plan {
  const { hold, gates, finally: end, bake, deadline } = strategy
  const step: PlanStep = {
    weightBp: 0,
    holdMs: hold,
    pause: end === 'hold',
    mirror: mirrorFrom(strategy),
    ...extras({ name: 'shadow', gates }),
  }
  return { strategy: 'shadow', stable, canary, steps: [step, ...bakeStep(bake)], deadlineMs: deadline }
}
