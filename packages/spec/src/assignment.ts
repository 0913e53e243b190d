import { z } from 'zod'
import { Device } from './routing-rule.ts'

/** Which version a request gets, and why. */
export const AssignmentExplained = z.object({
  version: z.string(),
  by: z
    .enum(['rule', 'override', 'hash'])
    .meta({ description: 'Rules come first, then the override header, then the hash.' }),
  rule: z.string().nullable().meta({ description: 'The rule that decided.' }),
  unit: z.string().nullable().meta({ description: 'Whose request it is; null when it does not say.' }),
  placePercent: z.number().nullable().meta({ description: 'Where the hash puts the unit, from 0 to 100 %.' }),
  shares: z
    .array(z.object({ version: z.string(), fromPercent: z.number(), toPercent: z.number() }))
    .meta({ description: 'Which places each version has.' }),
  country: z.string().nullable().meta({
    description:
      'Where the request comes from, by a header or as asked; null when unknown. No address is looked up here.',
  }),
  device: Device.meta({ description: 'What it was made with, by client hints or the user agent.' }),
  segments: z.array(z.string()).meta({ description: 'The segments it is in.' }),
  sentence: z.string(),
})
export type AssignmentExplained = z.infer<typeof AssignmentExplained>
