import { z } from 'zod'

/** Why somebody does it. */
export const Why = z.string().max(2_000).default('').meta({ description: 'Reason, for the journal.' })

/** The step somebody looked at when they asked for something. */
export const SeenStep = z
  .int()
  .nullable()
  .default(null)
  .meta({ description: 'The step (from 0) the person saw: refused when it is another by now.' })

/** The gate somebody looked at when they said yes. */
export const SeenGate = z
  .string()
  .nullable()
  .default(null)
  .meta({ description: 'The gate the person saw: refused when another one is asked by now.' })

/** Which rollouts a list is of. */
export const WhichRollouts = z.object({
  service: z.string().optional(),
  before: z.string().optional().meta({ description: 'Only those that are listed after this one, by its id.' }),
  find: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Only those that have every one of these words in their id, versions, phase or reason.' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
})
