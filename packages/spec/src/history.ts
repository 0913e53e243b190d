import { z } from 'zod'
import { Rollout } from './resources.ts'

/** A rollout as it was at one moment: what changes while it goes on. */
export const RolloutPoint = z.object({
  at: z.number().meta({ description: 'Milliseconds since the epoch.' }),
  splitPercent: z.number().nullable().meta({ description: 'Share of the requests that canary was seen to have.' }),
  ...Rollout.pick({
    phase: true,
    step: true,
    askedBp: true,
    inForceBp: true,
    sentence: true,
    reason: true,
    judgement: true,
  }).shape,
})
export type RolloutPoint = z.output<typeof RolloutPoint>
