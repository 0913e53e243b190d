import recorded from './recorded.json' with { type: 'json' }
import { isKnown, isMet } from '../table.ts'
import type { Goal } from '../table.ts'

/** Whether a goal was met in the run that was kept. */
export interface Kept {
  readonly what: string
  readonly value: number
  readonly met: boolean
}

/** The goals of the last run that was kept. */
export const recordedGoals: readonly Kept[] = recorded.shapes.flatMap(({ goals }) => goals)

/** A sentence for each goal that was met in the recorded run and is no more. */
export function noLongerMet(now: readonly Goal[], before: readonly Kept[] = recordedGoals): readonly string[] {
  return now
    .filter((goal) => isKnown(goal) && !isMet(goal))
    .flatMap(([what, value]) => {
      const old = before.find((each) => each.what === what)
      return old?.met === true
        ? [`${Number(value.toPrecision(4))} ${what}: the recorded ${old.value} met its goal.`]
        : []
    })
}
