import { z } from 'zod'
import { Rollout } from './resources.ts'
import { Name } from './units.ts'

const Timestamp = z.number().meta({ description: 'Milliseconds since the epoch.' })
const mostMembers = 20

/** Whether the members of a coupled release follow each other or go all at once. */
export const ReleaseOrder = z.enum(['sequence', 'together'])

/** What is asked for: which services go to which versions, as one release. */
export const ReleaseAsked = z.strictObject({
  members: z
    .array(z.strictObject({ service: Name, to: Name }))
    .min(2)
    .max(mostMembers)
    .meta({ description: 'In a sequence each starts when the one before is promoted.' }),
  order: ReleaseOrder.default('sequence'),
  hotfix: z.boolean().default(false).meta({ description: 'Do not wait for a freeze to end.' }),
  why: z.string().max(2_000).default('').meta({ description: 'Reason, for the journal.' }),
})

/** Several services that are released as one, as people and programs see it. */
export const Release = z.object({
  id: z.string().meta({ description: '`release:N`; no service and no rollout can be called that.' }),
  number: z.int(),
  order: ReleaseOrder,
  state: z.enum(['going', 'held', 'reversing', 'done', 'reversed', 'stuck']).meta({
    description:
      '`done`: every member was promoted; `reversed`: every member is at the version it came from; `stuck`: nothing moves, and not all are back.',
  }),
  sentence: z.string().meta({ description: 'Is it all right? One sentence.' }),
  hotfix: z.boolean().meta({ description: 'Freezes do not hold it.' }),
  members: z.array(
    z.object({
      service: z.string(),
      from: z.string().meta({ description: 'What was stable when the release began.' }),
      to: z.string(),
      stage: z.enum(['waiting', 'out', 'promoted', 'going-back', 'back', 'left', 'stuck']).meta({
        description:
          '`left`: somebody released another version by hand, and it is let alone; `stuck`: it could not go back.',
      }),
      why: z.string(),
      rollout: Rollout.nullable().meta({ description: 'What takes it out; null before, and once it is forgotten.' }),
      back: Rollout.nullable().meta({ description: 'What takes it back after its promotion.' }),
    }),
  ),
  by: z.string().meta({ description: 'Who or what brought it into its state.' }),
  why: z.string(),
  startedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})

export type ReleaseAsked = z.output<typeof ReleaseAsked>
export type Release = z.output<typeof Release>
