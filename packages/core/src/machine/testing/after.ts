import type { Plan } from '../../plan.ts'
import { advance } from '../advance.ts'
import type { RolloutEvent } from '../event.ts'
import type { RolloutState } from '../state.ts'
import { now, plan } from './cells.ts'

/** What becomes of a state; the event must be taken. */
export function after(state: RolloutState, event: RolloutEvent, at = now, other: Plan = plan): RolloutState {
  const outcome = advance(state, event, other, at)
  if ('refused' in outcome) throw new Error(outcome.refused)
  return outcome.state
}
