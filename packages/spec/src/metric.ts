import { z } from 'zod'
import { Duration, Name, Percent } from './units.ts'

const Role = z
  .enum(['guardrail', 'monitor'])
  .default('guardrail')
  .meta({ description: 'A guardrail can stop a rollout; a monitor is only shown.' })
const importance = z
  .number()
  .positive()
  .max(1_000)
  .default(1)
  .meta({ description: 'Share of the false-rollback budget, relative to the other guardrails.' })

const noMargin = 'expected more than 0%: that nothing at all has changed can never be proved'

/** Failed requests: 5xx answers, refused, reset or timed-out connections. */
export const ErrorsMetric = z
  .strictObject({
    kind: z.literal('errors').meta({ description: 'Failed requests.' }),
    role: Role,
    margin: Percent.prefault('25%').meta({
      description: 'Relative worsening that would still be acceptable at 100 %.',
    }),
    marginAbsolute: Percent.prefault('0.5%').meta({
      description: 'Absolute worsening that would still be acceptable, for stable versions that hardly fail.',
    }),
    importance,
  })
  .meta({ id: 'ErrorsMetric', description: 'Failed requests: 5xx answers, refused, reset or timed-out connections.' })

/** Latency of successful requests against cuts at stable's own quantiles. */
export const LatencyMetric = z
  .strictObject({
    kind: z.literal('latency').meta({ description: 'How long successful requests take.' }),
    role: Role,
    quantile: z
      .union([z.literal(50), z.literal(75), z.literal(90), z.literal(95), z.literal(99)])
      .default(95)
      .meta({
        description:
          'Promotion needs proof that no more requests than the margin allows are slower than stable’s own quantile. Harm is looked for at all of them.',
      }),
    margin: Percent.refine((percent) => percent > 0, { error: noMargin })
      .prefault('50%')
      .meta({
        description: 'Relative worsening of the share of slow requests that would still be acceptable.',
      }),
    tolerance: Percent.prefault('10%').meta({
      description:
        'A request to canary counts as slow only when it takes this much longer than stable’s cut: no two processes are equally fast.',
    }),
    toleranceAbsolute: Duration.prefault('2ms').meta({
      description: 'The same as a time; the larger of the two holds.',
    }),
    importance,
  })
  .meta({ id: 'LatencyMetric', description: 'Latency of successful requests, compared at stable’s own quantiles.' })

const GoalRole = z.enum(['guardrail', 'goal', 'monitor']).default('guardrail').meta({
  description:
    'A guardrail can stop a rollout; a goal is what an experiment is about, and a guardrail too; a monitor is only shown.',
})

/** A mean of pushed observations per unit, such as the false-positive rate of a model. */
export const ObservationMetric = z
  .strictObject({
    kind: z.literal('observation').meta({ description: 'Values pushed to Serin about units or requests.' }),
    role: GoalRole,
    observation: Name.optional().meta({ description: 'Name of the observations; default: the metric’s own name.' }),
    better: z.enum(['lower', 'higher']).default('lower').meta({ description: 'Which direction is good.' }),
    margin: Percent.prefault('10%').meta({
      description: 'Relative worsening that would still be acceptable at 100 %.',
    }),
    marginAbsolute: Percent.prefault('0.5%').meta({
      description:
        'Absolute worsening that would still be acceptable, in points of the value × 100 (for a rate: percentage points).',
    }),
    importance,
  })
  .meta({
    id: 'ObservationMetric',
    description: 'A mean of pushed observations per unit, such as the false-positive rate of a model.',
  })

/** What can be measured of the answers of a model. */
export const generationMeasures = [
  'time-to-first-byte',
  'time-to-first-token',
  'inter-token-latency',
  'tokens-per-second',
  'prompt-tokens',
  'completion-tokens',
] as const

/** One of the measures of a model's answers. */
export type GenerationMeasure = (typeof generationMeasures)[number]

/** How a language model answers, measured by the gateway while the answers pass. */
export const GenerationMetric = z
  .strictObject({
    kind: z.literal('generation').meta({ description: 'How a language model answers (OpenAI-style JSON and SSE).' }),
    role: Role,
    measure: z.enum(generationMeasures).optional().meta({
      description:
        'What is measured; default: the metric’s own name. `time-to-first-byte`: ms to the first byte of a body. `time-to-first-token`: ms to the first event of a stream that carries text. `inter-token-latency`: ms between such events. `tokens-per-second`: completion tokens per second of a whole answer; higher is better, in all others lower. `prompt-tokens`, `completion-tokens`: what `usage` says per answer.',
    }),
    margin: Percent.refine((percent) => percent > 0, { error: noMargin })
      .prefault('20%')
      .meta({ description: 'Relative worsening of the mean that would still be acceptable at 100 %.' }),
    tolerance: Percent.prefault('10%').meta({
      description: 'Relative worsening that is no harm yet: no two processes are equally fast.',
    }),
    importance,
  })
  .refine(({ margin, tolerance }) => tolerance <= margin, {
    path: ['tolerance'],
    error: 'expected at most "margin": what is acceptable can be no harm',
  })
  .meta({
    id: 'GenerationMetric',
    description: 'How a language model answers: times and tokens of OpenAI-style answers, a mean per unit.',
  })

/** What a metric of a model's answers measures: what it says, or what it is called. */
export function measureOf(name: string, { measure }: GenerationMetric): GenerationMeasure | null {
  return measure ?? generationMeasures.find((known) => known === name) ?? null
}

/** Something that is watched. */
export const Metric = z.discriminatedUnion('kind', [ErrorsMetric, LatencyMetric, ObservationMetric, GenerationMetric])

export type Metric = z.output<typeof Metric>
export type ErrorsMetric = z.output<typeof ErrorsMetric>
export type LatencyMetric = z.output<typeof LatencyMetric>
export type ObservationMetric = z.output<typeof ObservationMetric>
export type GenerationMetric = z.output<typeof GenerationMetric>
