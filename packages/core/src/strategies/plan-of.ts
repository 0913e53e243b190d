import { copiesOf, type Service } from '@serin/spec'
import type { Plan } from '../plan.ts'
import { planAdaptive } from './adaptive.ts'
import { planBlueGreen } from './blue-green.ts'
import { planCanary } from './canary.ts'
import { planComposite } from './composite.ts'
import { planAb, planShadow } from './experiment.ts'
import { planRolling } from './rolling.ts'
import type { PlanVersions } from './steps.ts'

/** Compiles whatever strategy the service names to a plan. */
export function planOf(
  service: Pick<Service, 'strategy' | 'workload' | 'versions'>,
  { stable, canary }: { readonly stable: string; readonly canary: string },
): Plan {
  const { strategy } = service
  const plan = compiled(strategy, {
    stable,
    canary,
    stableCopies: copiesOf(service, stable),
    canaryCopies: copiesOf(service, canary),
  })
  return strategy.onDeadline === 'rollback' ? { ...plan, onDeadline: 'rollback' } : plan
}

function compiled(strategy: Service['strategy'], versions: PlanVersions): Plan {
  switch (strategy.kind) {
    case 'canary':
      return planCanary(strategy, versions)
    case 'adaptive':
      return planAdaptive(strategy, versions)
    case 'blue-green':
      return planBlueGreen(strategy, versions)
    case 'rolling':
      return planRolling(strategy, versions)
    case 'ab':
      return planAb(strategy, versions)
    case 'shadow':
      return planShadow(strategy, versions)
    case 'composite':
      return planComposite(strategy, versions)
  }
}
