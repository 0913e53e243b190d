import type { Strategy } from '@serin/spec'
import type { Plan } from '../plan.ts'
import { planAdaptive } from './adaptive.ts'
import { planCanary } from './canary.ts'

/** Compiles whatever strategy the file names to a plan. */
export function planOf(strategy: Strategy, versions: { stable: string; canary: string }): Plan {
  switch (strategy.kind) {
    case 'canary':
      return planCanary(strategy, versions)
    case 'adaptive':
      return planAdaptive(strategy, versions)
  }
}
