import { z } from 'zod'
import { Duration, Interval, Weight } from './units.ts'

/** One step of a canary. */
export const CanaryStep = z
  .strictObject({
    weight: Weight.meta({ description: 'Share of the units that canary serves.' }),
    hold: Duration.prefault('0s').meta({
      description: 'At least this long with evidence: time without samples does not count.',
    }),
    pause: z.boolean().default(false).meta({ description: 'Wait for a person to promote.' }),
  })
  .meta({ id: 'CanaryStep', description: 'One step of a canary.' })

/** Known ramps. */
export const presets = [
  '1-5-25-100',
  '5-25-50-100',
  'canary-10-5m',
  'canary-10-10m',
  'canary-10-15m',
  'canary-10-30m',
  'linear-10-1m',
  'linear-10-2m',
  'linear-10-3m',
  'linear-10-10m',
] as const

const Every = Interval.meta({ description: 'Evidence time of each step, at least.' })

/** Equal steps. */
const Linear = z
  .strictObject({ by: Weight.meta({ description: 'How much the share grows each time.' }), every: Every })
  .refine(({ by }) => typeof by !== 'number' || (by >= 100 && by <= 5_000), {
    path: ['by'],
    error: 'expected 1% to 50%',
  })
  .meta({ id: 'LinearRamp', description: 'The share grows by the same amount each time.' })

/** Steps that grow by a factor. */
const Exponential = z
  .strictObject({
    from: Weight.meta({ description: 'The first share.' }),
    factor: z
      .number()
      .min(1.1)
      .max(10)
      .default(2)
      .meta({ description: 'How much larger each share is than the last.' }),
    every: Every,
  })
  .refine(({ from }) => typeof from !== 'number' || (from >= 1 && from <= 5_000), {
    path: ['from'],
    error: 'expected 0.01% to 50%',
  })
  .meta({ id: 'ExponentialRamp', description: 'The share grows by the same factor each time.' })

const deadline = Duration.prefault('2h').meta({
  description:
    'A step that has not passed this long after its hold is held for a person. Nothing is ever promoted because time ran out.',
})

/** Canary: a growing share of the units, each step only after evidence. */
export const CanaryStrategy = z
  .strictObject({
    kind: z.literal('canary').meta({ description: 'A growing share of the units.' }),
    preset: z.enum(presets).optional().meta({
      description:
        'A known ramp instead of steps. `canary-10-5m` and `linear-10-1m` are the schedules that CodeDeploy calls Canary10Percent5Minutes and Linear10PercentEvery1Minute; the times are evidence times.',
    }),
    linear: Linear.optional().meta({ description: 'Equal steps instead of written ones.' }),
    exponential: Exponential.optional().meta({ description: 'Steps that grow by a factor instead of written ones.' }),
    steps: z
      .array(CanaryStep)
      .min(1)
      .max(50)
      .optional()
      .meta({ description: 'Growing shares below 100 %; promotion follows the last.' }),
    deadline,
  })
  .refine(
    ({ steps, preset, linear, exponential }) =>
      [steps, preset, linear, exponential].filter((each) => each !== undefined).length === 1,
    { error: 'expected exactly one of steps, preset, linear, exponential' },
  )
  .superRefine(({ steps = [] }, context) => {
    for (const [i, { weight }] of steps.entries()) {
      const before = steps[i - 1]?.weight ?? 0
      // A weight that could not be read is explained already.
      if (typeof weight !== 'number' || typeof before !== 'number') continue
      const message =
        weight <= before
          ? `expected more than ${i === 0 ? '0%' : `the ${before / 100}% of the step before`}: shares grow`
          : 'expected less than 100%: promotion to 100% follows the last step'
      if (weight <= before || weight >= 10_000)
        context.addIssue({ code: 'custom', path: ['steps', i, 'weight'], message })
    }
  })
  .meta({ id: 'CanaryStrategy', description: 'Canary: a growing share of the units, each step only after evidence.' })

/** Adaptive: the share grows as fast as a budget of harm allows. */
export const AdaptiveStrategy = z
  .strictObject({
    kind: z.literal('adaptive').meta({ description: 'The share grows as fast as a budget of harm allows.' }),
    budget: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(100)
      .meta({ description: 'Requests that may fail because of the new version, over the whole rollout.' }),
    every: Interval.prefault('30s').meta({ description: 'At least this much evidence time between two shares.' }),
    max: Weight.refine((weight) => typeof weight !== 'number' || (weight >= 10 && weight <= 9_000), {
      error: 'expected 0.1% to 90%: stable keeps enough traffic to be compared with',
    })
      .prefault('50%')
      .meta({ description: 'The share at which the proof of safety is waited for; promotion follows it.' }),
    deadline,
  })
  .meta({
    id: 'AdaptiveStrategy',
    description:
      'Adaptive: the share grows as fast as the evidence rules out that the rollout costs more failed requests than its budget, and shrinks when it no longer does.',
  })

/** How the next version comes in. */
export const Strategy = z.discriminatedUnion('kind', [CanaryStrategy, AdaptiveStrategy])

export type CanaryStrategy = z.output<typeof CanaryStrategy>
export type AdaptiveStrategy = z.output<typeof AdaptiveStrategy>
export type Strategy = z.output<typeof Strategy>
