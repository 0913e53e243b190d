import { z } from 'zod'
import { CanaryStep, checkShares, gates, hold, Mirroring, notify, pause, stepName, until } from './step.ts'
import { Duration, Interval, Name, Weight } from './units.ts'

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
    'A step that has not passed this long after its hold is held for a person, or goes back (`onDeadline`). Nothing is ever promoted because time ran out.',
})

const onDeadline = z.enum(['hold', 'rollback']).default('hold').meta({
  description: 'What happens to a step past its deadline: it is held for a person, or the rollout goes back.',
})

const bake = Duration.prefault('0s').meta({
  description:
    'How long canary is watched with all traffic before it is promoted, with stable warm and an automatic way back.',
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
    by: z.enum(['traffic', 'replicas', 'both']).default('traffic').meta({
      description:
        'How a share comes about. `traffic`: every version has all its copies. `replicas`: the copies are divided as the traffic is. `both`: canary has as many as its share needs, stable has all.',
    }),
    bake,
    deadline,
    onDeadline,
  })
  .refine(
    ({ steps, preset, linear, exponential }) =>
      [steps, preset, linear, exponential].filter((each) => each !== undefined).length === 1,
    { error: 'expected exactly one of steps, preset, linear, exponential' },
  )
  .superRefine(({ steps = [] }, context) => void checkShares(steps, context))
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
    onDeadline,
  })
  .meta({
    id: 'AdaptiveStrategy',
    description:
      'Adaptive: the share grows as fast as the evidence rules out that the rollout costs more failed requests than its budget, and shrinks when it no longer does.',
  })

const over = Duration.prefault('0s').meta({
  description: 'How long the switch takes: the share grows evenly over this time. `0s` switches at once.',
})

/** Blue-green: a second complete environment, a switch, and a way back. */
export const BlueGreenStrategy = z
  .strictObject({
    kind: z.literal('blue-green').meta({ description: 'A second environment, validated, then a switch.' }),
    gates: gates.meta({ description: 'Green is validated by these before it has any traffic, in this order.' }),
    pause: pause.meta({ description: 'Wait for a person before the switch.' }),
    mirror: Mirroring.optional().meta({ description: 'Requests that are copied to green before the switch.' }),
    over,
    bake: bake.unwrap().prefault('5m').meta({
      description: 'How long green is watched with all traffic before blue is let go, with an automatic way back.',
    }),
    notify,
    deadline,
    onDeadline,
  })
  .meta({ id: 'BlueGreenStrategy', description: 'Blue-green: a second environment, validated, then a switch.' })

const copies = z
  .union([z.int().min(0).max(64), z.string().regex(/^\d{1,3}%$/)], {
    error: 'expected a number of copies such as 1, or a part of them such as 25%',
  })
  .meta({ examples: [1, '25%'] })

/** Rolling: copy by copy. */
export const RollingStrategy = z
  .strictObject({
    kind: z.literal('rolling').meta({ description: 'Copy by copy, or batch by batch.' }),
    maxSurge: copies.default(1).meta({ description: 'Copies there may be beyond those of the version; rounded up.' }),
    maxUnavailable: copies.default(0).meta({ description: 'Copies that may be missing meanwhile; rounded down.' }),
    hold: hold.meta({ description: 'At least this long with evidence after each batch.' }),
    until: until.unwrap().default('time').meta({
      description:
        'What the evidence has to say after each batch: `safe` for the next, or with `time` nothing against it.',
    }),
    gates: gates.meta({ description: 'What has to be done or agreed before the first copy is replaced.' }),
    bake,
    deadline,
    onDeadline,
  })
  .refine(
    ({ maxSurge, maxUnavailable }) =>
      [maxSurge, maxUnavailable].some((copies) => Number.parseInt(String(copies), 10) > 0),
    {
      path: ['maxSurge'],
      error: 'expected more than 0 for maxSurge or maxUnavailable: without either nothing could move',
    },
  )
  .meta({ id: 'RollingStrategy', description: 'Rolling: copy by copy, never below capacity.' })

const experiment = {
  share: Weight.refine((weight) => typeof weight !== 'number' || (weight >= 100 && weight <= 9_000), {
    error: 'expected 1% to 90%: both need traffic',
  })
    .prefault('50%')
    .meta({ description: 'Share of the new version; it stays.' }),
  goal: Name.meta({ description: 'The metric at which it has to be better: one with `role: goal`.' }),
  units: z.int().min(100).max(1_000_000_000).meta({
    description: 'Units of both versions together after which it is given up, if it has not been shown to be better.',
  }),
}

/** A/B: a fixed share, decided by a metric. */
export const AbStrategy = z
  .strictObject({
    kind: z.literal('ab').meta({ description: 'A fixed share, decided by a metric and not by time.' }),
    ...experiment,
    hold,
    pause: pause.meta({ description: 'Wait for a person when it is decided.' }),
    gates,
    bake,
    deadline: deadline.unwrap().prefault('30d').meta({
      description: 'An experiment that takes longer than this is held for a person, or goes back (`onDeadline`).',
    }),
    onDeadline,
  })
  .meta({ id: 'AbStrategy', description: 'A/B: a fixed share, decided by a metric and not by time.' })

/** Shadow: copies of requests, answers compared. */
export const ShadowStrategy = z
  .strictObject({
    kind: z.literal('shadow').meta({ description: 'Copies of requests; answers are compared and thrown away.' }),
    ...Mirroring.shape,
    hold: hold.unwrap().prefault('10m'),
    gates,
    finally: z.enum(['hold', 'promote']).default('hold').meta({
      description: 'What follows when its answers are alike: a person decides, or it takes everything.',
    }),
    bake,
    deadline,
    onDeadline,
  })
  .meta({ id: 'ShadowStrategy', description: 'Shadow: copies of requests go to the new version, and are compared.' })

const Stage = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('validate').meta({ description: 'Gates, at the share there is.' }),
      name: stepName,
      gates: gates.unwrap().min(1),
      pause,
      notify,
    }),
    z.strictObject({
      kind: z.literal('shadow').meta({ description: 'Copies of requests are compared.' }),
      name: stepName,
      ...Mirroring.shape,
      hold,
      pause,
      gates,
      notify,
    }),
    z.strictObject({
      kind: z.literal('canary').meta({ description: 'Growing shares.' }),
      steps: z.array(CanaryStep).min(1).max(50),
    }),
    z.strictObject({
      kind: z.literal('ab').meta({ description: 'A fixed share, decided by a metric.' }),
      name: stepName,
      ...experiment,
      hold,
      pause,
      gates,
      notify,
    }),
    z.strictObject({
      kind: z.literal('switch').meta({ description: 'Everything, at once or evenly over a time.' }),
      name: stepName,
      over,
      gates,
      notify,
    }),
  ])
  .meta({ id: 'Stage', description: 'A part of a composite strategy.' })

/** Composite: one stage after the other. */
export const CompositeStrategy = z
  .strictObject({
    kind: z.literal('composite').meta({ description: 'Stages of different kinds, one after the other.' }),
    stages: z.array(Stage).min(1).max(20).meta({ description: 'In this order; shares never shrink.' }),
    bake,
    deadline,
    onDeadline,
  })
  .superRefine(({ stages }, context) => checkStages(stages, context))
  .meta({ id: 'CompositeStrategy', description: 'Composite: stages of different kinds, one after the other.' })

/** How the next version comes in. */
export const Strategy = z.discriminatedUnion('kind', [
  CanaryStrategy,
  AdaptiveStrategy,
  BlueGreenStrategy,
  RollingStrategy,
  AbStrategy,
  ShadowStrategy,
  CompositeStrategy,
])

function checkStages(stages: readonly z.output<typeof Stage>[], context: z.core.$RefinementCtx): void {
  let before = 0
  for (const [i, stage] of stages.entries()) {
    const path = ['stages', i]
    if (before === 10_000) {
      const message = 'expected no stage after the switch: it has everything then'
      context.addIssue({ code: 'custom', path, message })
    }
    if (stage.kind === 'switch') before = 10_000
    if (stage.kind === 'canary') before = checkShares(stage.steps, context, { from: before, path })
    if (stage.kind !== 'ab' || typeof stage.share !== 'number') continue
    if (stage.share < before) {
      const message = `expected at least the ${before / 100}% of the stage before: shares grow`
      context.addIssue({ code: 'custom', path: [...path, 'share'], message })
    }
    before = Math.max(before, stage.share)
  }
  if (stages.filter(({ kind }) => kind === 'ab').length > 1)
    context.addIssue({ code: 'custom', path: ['stages'], message: 'expected at most one stage of kind ab' })
}

export type CanaryStrategy = z.output<typeof CanaryStrategy>
export type AdaptiveStrategy = z.output<typeof AdaptiveStrategy>
export type BlueGreenStrategy = z.output<typeof BlueGreenStrategy>
export type RollingStrategy = z.output<typeof RollingStrategy>
export type AbStrategy = z.output<typeof AbStrategy>
export type ShadowStrategy = z.output<typeof ShadowStrategy>
export type CompositeStrategy = z.output<typeof CompositeStrategy>
export type Strategy = z.output<typeof Strategy>
