import type { Judgement } from '@serin/spec'
import { rampOf } from '../analysis/ramp.ts'
import type { EventOf } from './event.ts'

/** What a judgement is to the machine. */
export function judgedBy(
  judgement: Judgement,
  { attempt, creditMs }: { readonly attempt: number; readonly creditMs: number },
): EventOf<'judged'> {
  const { verdict, sentence, units, goal } = judgement
  const decided =
    goal === undefined || goal.verdict === 'undecided' ? {} : { goal: { verdict: goal.verdict, why: goal.sentence } }
  const seen = { creditMs, units: units.canary, ...decided, ...rampOf(judgement) }
  return { type: 'judged', attempt, verdict, why: sentence, ...seen }
}
