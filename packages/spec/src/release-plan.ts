import { z } from 'zod'
import { strategies } from './resources.ts'

const Ms = z.number().meta({ description: 'ms after the first traffic.' })

/** A step of a release that has not begun. */
export const ReleasePlanStep = z.object({
  weightBp: z.int().meta({ description: 'Hundredths of a percent.' }),
  holdMs: z.number(),
  pause: z.boolean(),
  name: z.string().optional(),
  fromBp: z.int().optional().meta({ description: 'The share grows evenly from here while the step lasts.' }),
  needs: z.array(z.string()).meta({ description: 'What it waits for besides its evidence, in words.' }),
  earliestMs: Ms.meta({ description: 'When it begins if every step takes its hold and no more.' }),
  likelyMs: Ms.nullable().meta({
    description: 'When it begins for a version that behaves as stable does; null: not before a deadline.',
  }),
  stayMs: z.number().nullable().meta({ description: 'How long it likely lasts.' }),
  exposedUsers: z.number().nullable().meta({ description: 'Users who have the version at this share.' }),
  requestsHere: z.number().nullable().meta({ description: 'Requests it likely answers during the step.' }),
  doubledErrors: z
    .object({
      foundHere: z
        .number()
        .nullable()
        .meta({ description: 'Chance that a doubled error rate is found while the step lasts, 0..1.' }),
      likelyMs: z
        .number()
        .nullable()
        .meta({ description: 'Time at this share until half of such versions are found.' }),
      p95Ms: z.number().nullable().meta({ description: 'The same for 95 %.' }),
      cost: z
        .number()
        .nullable()
        .meta({ description: 'Requests that fail until then and would not have on stable, in the mean.' }),
    })
    .meta({ description: 'Null where stable does not fail, or errors are no guardrail.' }),
  smallestFound: z
    .number()
    .nullable()
    .meta({ description: 'Smallest ratio of error rates found here with a chance of 80 %.' }),
})

/** What a release would do. */
export const ReleasePlan = z.object({
  service: z.string(),
  stable: z.string(),
  canary: z.string(),
  strategy: z.enum(strategies),
  requestsPerSecond: z.number(),
  errorPercent: z.number(),
  users: z.number().nullable(),
  steps: z.array(ReleasePlanStep),
  promoted: z.object({ earliestMs: Ms, likelyMs: Ms.nullable(), canaryRequests: z.number() }),
  experiment: z
    .object({ metric: z.string(), maxUnits: z.number() })
    .optional()
    .meta({ description: 'It has to be shown to be better at this, by so many units of both versions.' }),
  falseRollbackPercent: z.number().meta({ description: 'Chance that a harmless version is rolled back, at most.' }),
  notForecast: z
    .array(z.string())
    .meta({ description: 'Metrics whose evidence cannot be forecast: it may take longer.' }),
})

export type ReleasePlanStep = z.output<typeof ReleasePlanStep>
export type ReleasePlan = z.output<typeof ReleasePlan>
