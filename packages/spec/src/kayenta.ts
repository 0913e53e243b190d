import { z } from 'zod'
import { Duration, Name } from './units.ts'

/** Points of one step that are kept for each metric and version: a day of minutes. */
export const kayentaPointsMax = 1_440

/** With fewer points of either version no rank test has Kayenta's confidence: of one point each, every second harmless version is higher. */
export const kayentaPointsMin = 5

const words = {
  groups: 'Groups whose score it counts in. Default: one of its own, with its name.',
  direction:
    'Which deviations of canary are failures. Default: the one that is worse for this metric (Kayenta’s own default is `either`).',
  critical: 'A failure of this metric beyond its critical effect size makes the whole score 0.',
  mustHaveData: 'Without data the metric counts as failed instead of not at all.',
  nanStrategy: 'A point without samples is left out (`remove`), or taken for 0 (`replace`).',
  outliers: 'Outliers are kept, or removed by widened Tukey fences, of each version by itself.',
  effectSize: 'Beyond which effect a significant deviation counts as a failure.',
  muted: 'Judged and shown, but left out of the score. Default: true for a monitor.',
} as const

const Effect = z.number().min(0).optional()
const Thresholds = {
  measure: z.enum(['meanRatio', 'cles']).optional().meta({
    description:
      'Canary’s mean ÷ stable’s mean (default), or the part of all pairs of points in which canary is greater.',
  }),
  allowedIncrease: Effect.meta({ description: 'Effect from which High fails; default 1 (`cles`: 0.5).' }),
  allowedDecrease: Effect.meta({ description: 'Effect to which Low fails; default 1 (`cles`: 0.5).' }),
  criticalIncrease: Effect.meta({ description: 'Effect from which High is critical; default 1 (`cles`: 0.5).' }),
  criticalDecrease: Effect.meta({ description: 'Effect to which Low is critical; default 1 (`cles`: 0.5).' }),
}

/** How Kayenta judges one metric, under the names of `analysisConfigurations.canary` of its canary config. */
export const canaryOptions = {
  direction: z.enum(['increase', 'decrease', 'either']).optional().meta({ description: words.direction }),
  critical: z.boolean().optional().meta({ description: words.critical }),
  mustHaveData: z.boolean().optional().meta({ description: words.mustHaveData }),
  nanStrategy: z.enum(['remove', 'replace']).optional().meta({ description: words.nanStrategy }),
  outliers: z
    .strictObject({
      strategy: z.enum(['keep', 'remove']).optional().meta({ description: 'Default `keep`.' }),
      outlierFactor: z.number().min(0).optional().meta({ description: 'Interquartile ranges; default 3.' }),
    })
    .optional()
    .meta({ description: words.outliers }),
  effectSize: z.strictObject(Thresholds).optional().meta({ description: words.effectSize }),
  muted: z.boolean().optional().meta({ description: words.muted }),
}

/** How one watched metric is judged by Kayenta's rules. */
export const KayentaMetricOptions = z
  .strictObject({
    groups: z.array(z.string().min(1).max(100)).min(1).max(20).optional().meta({ description: words.groups }),
    ...canaryOptions,
    point: z.enum(['quantile', 'mean']).optional().meta({
      description: 'latency: what a point is: the quantile of the metric (default), or the mean, in ms.',
    }),
  })
  .meta({ id: 'KayentaMetric', description: 'How one watched metric is judged, with the names of a canary config.' })

/** A score, or a weight in percent. */
export const Score = z.number().min(0).max(100)

const BothVersions = z.object({ stable: z.number().nullable(), canary: z.number().nullable() })

/** What Kayenta's judge says of the step, beside the evidence that is shown but does not decide. */
export const KayentaJudgement = z.object({
  verdict: z.enum(['safe', 'harmful', 'undecided']),
  score: z.number().nullable().meta({ description: '0 to 100; null before the first judgement of the step.' }),
  pass: z.number(),
  marginal: z.number(),
  failed: z.string().nullable().meta({ description: 'Why the score is 0 whatever the groups say.' }),
  points: z.int().meta({ description: 'Points of each version since the step began.' }),
  looks: z.int().meta({ description: 'Judgements of this step so far; each is a chance of its own to be wrong.' }),
  nextLookIn: z.int().meta({ description: 'Points until the next judgement.' }),
  groups: z.array(z.object({ name: z.string(), score: z.number().nullable(), weight: z.number() })),
  metrics: z.array(
    z.object({
      name: z.string(),
      groups: z.array(z.string()),
      label: z.enum(['Pass', 'High', 'Low', 'Nodata', 'NodataFailMetric']),
      critical: z.boolean().meta({ description: 'A failure that makes the whole score 0.' }),
      muted: z.boolean(),
      reason: z.string(),
      effect: z
        .number()
        .nullable()
        .meta({ description: 'By the measure of the metric; default canary’s mean ÷ stable’s.' }),
      mean: BothVersions.meta({ description: 'Of the points; percent, or ms for latency.' }),
      count: z.object({ stable: z.int(), canary: z.int() }).meta({ description: 'Points with samples.' }),
    }),
  ),
})

/** How often Kayenta's judge looks, at what, and which scores decide. */
export const KayentaAnalysis = z
  .strictObject({
    interval: Duration.refine((ms) => ms >= 1_000, { error: 'expected at least 1s' })
      .prefault('1m')
      .meta({ description: 'Time at the share of a step that makes one point of each metric and version.' }),
    every: Duration.prefault('10m').meta({
      description: 'Time between two judgements of a step; a multiple of the interval.',
    }),
    lookback: Duration.optional().meta({
      description: 'Only the points of this last time are judged. Default: all points of the step, at most 1440.',
    }),
    pass: Score.default(95).meta({ description: 'A score from here is safe for the next step.' }),
    marginal: Score.default(75).meta({
      description: 'A score that is not above this sends the version back. Between the two nothing is decided.',
    }),
    groups: z
      .record(z.string().min(1).max(100), Score)
      .default({})
      .meta({ description: 'Percent of the score per group; groups that are not listed share what is left of 100.' }),
    metrics: z
      .record(Name, KayentaMetricOptions)
      .default({})
      .meta({ description: 'Options per watched metric; one that is not listed has the defaults.' }),
  })
  .superRefine(({ interval, every, lookback, pass, marginal, groups }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (marginal > pass) issue('marginal', `expected at most ${pass}, the score that passes`)
    if (every < interval || every % interval !== 0) issue('every', 'expected a multiple of the interval')
    if (every > interval * kayentaPointsMax) issue('every', `expected at most ${kayentaPointsMax} intervals`)
    if (lookback !== undefined && lookback < interval * kayentaPointsMin)
      issue('lookback', `expected at least ${kayentaPointsMin} intervals: fewer points say nothing`)
    if (Object.values(groups).reduce((sum, weight) => sum + weight, 0) > 100 + 1e-6)
      issue('groups', 'expected weights that add up to at most 100')
  })
  .meta({
    id: 'KayentaAnalysis',
    description: 'How Kayenta’s judge compares a version, for people who come from Spinnaker.',
  })

export type KayentaMetricOptions = z.output<typeof KayentaMetricOptions>
export type KayentaAnalysis = z.output<typeof KayentaAnalysis>
export type KayentaJudgement = z.output<typeof KayentaJudgement>
