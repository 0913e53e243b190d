import type { CompositeStrategy } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { switchSteps } from './blue-green.ts'
import { bakeStep, extras, mirrorFrom, stepFrom, withAllCopies, type PlanVersions } from './steps.ts'

type Stage = CompositeStrategy['stages'][number]

/** Compiles a composite: the steps of its stages, one after the other. */
export function planComposite(strategy: CompositeStrategy, versions: PlanVersions): Plan {
  const { stages, bake, deadline } = strategy
  const { stable, canary } = versions
  const steps: PlanStep[] = []
  for (const stage of stages) steps.push(...stepsOf(stage, steps.at(-1)?.weightBp ?? 0))
  const experiment = stages.find((stage) => stage.kind === 'ab')
  return {
    strategy: 'composite',
    stable,
    canary,
    steps: withAllCopies([...steps, ...bakeStep(bake)], versions),
    ...(experiment === undefined ? {} : { goal: { metric: experiment.goal, maxUnits: experiment.units } }),
    deadlineMs: deadline,
  }
}

/** The steps of one stage; `fromBp` is the share there is before it. */
function stepsOf(stage: Stage, fromBp: number): readonly PlanStep[] {
  switch (stage.kind) {
    case 'validate':
      return [{ weightBp: fromBp, holdMs: 0, pause: stage.pause, ...extras({ name: 'validate', ...stage }) }]
    case 'shadow':
      return [
        {
          weightBp: fromBp,
          holdMs: stage.hold,
          pause: stage.pause,
          mirror: mirrorFrom(stage),
          ...extras({ name: 'shadow', ...stage }),
        },
      ]
    case 'canary':
      return stage.steps.map(stepFrom)
    case 'ab':
      return [
        {
          weightBp: stage.share,
          holdMs: stage.hold,
          pause: stage.pause,
          passes: 'decided',
          ...extras({ name: 'experiment', ...stage }),
        },
      ]
    case 'switch': {
      const gated = stage.gates.length > 0
      const validate: PlanStep = { weightBp: fromBp, holdMs: 0, pause: false, ...extras({ name: 'switch', ...stage }) }
      return [...(gated ? [validate] : []), ...switchSteps(stage.over).map((step) => ({ ...step, fromBp }))]
    }
  }
}
