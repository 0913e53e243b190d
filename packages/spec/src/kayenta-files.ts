import { z } from 'zod'
import { SerinError } from './errors.ts'
import { canaryOptions, Score } from './kayenta.ts'
import { nearest } from './nearest.ts'

/** What is kept of a canary config, Kayenta's own JSON; what belongs to the source of the metrics is ignored. */
const CanaryConfig = z.object({
  name: z.string().optional(),
  metrics: z
    .array(
      z.object({
        name: z.string().min(1),
        groups: z.array(z.string().min(1)).default([]),
        analysisConfigurations: z.object({ canary: z.strictObject(canaryOptions).optional() }).optional(),
      }),
    )
    .min(1),
  classifier: z
    .object({
      groupWeights: z.record(z.string(), Score).optional(),
      scoreThresholds: z.object({ pass: Score.optional(), marginal: Score.optional() }).optional(),
    })
    .optional(),
})

/** A point of a time series: a number, or none, which Kayenta writes as "NaN". */
const Point = z.union([z.number(), z.null(), z.literal('NaN')], { error: 'expected a number, null or "NaN"' })

/** Kayenta's metric set pair list: the points of both versions, per metric. */
const MetricSetPairList = z.array(
  z.object({
    name: z.string().min(1),
    id: z.string().optional(),
    tags: z.record(z.string(), z.string()).default({}),
    values: z.object({ control: z.array(Point).max(100_000), experiment: z.array(Point).max(100_000) }),
  }),
)

export type CanaryConfig = z.output<typeof CanaryConfig>
export type MetricSetPairList = z.output<typeof MetricSetPairList>

/** Reads Kayenta's canary config, or throws `canary-config.invalid` with the key that is wrong. */
export function parseCanaryConfig(text: string, file: string): CanaryConfig {
  return parse(CanaryConfig, text, { file, what: 'a canary config' })
}

/** Reads Kayenta's metric set pair list, or throws `canary-config.invalid` with the key that is wrong. */
export function parseMetricSetPairs(text: string, file: string): MetricSetPairList {
  return parse(MetricSetPairList, text, { file, what: 'a metric set pair list' })
}

function parse<T>(
  schema: z.ZodType<T>,
  text: string,
  { file, what }: { readonly file: string; readonly what: string },
): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SerinError('canary-config.invalid', `${file} is not JSON.`, { cause })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, 20).map(explained)
  throw new SerinError('canary-config.invalid', `${file} is not ${what}.\n${issues.join('\n')}`, {
    details: { issues },
  })
}

/** Options of a metric; a canary config may have anything elsewhere, which is no business of the judge. */
const known: Readonly<Record<string, readonly string[]>> = {
  canary: Object.keys(canaryOptions),
  outliers: Object.keys(canaryOptions.outliers.unwrap().shape),
  effectSize: Object.keys(canaryOptions.effectSize.unwrap().shape),
}

function explained(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String)
  const at = path.length === 0 ? '' : `${path.join('.')}: `
  if (issue.code !== 'unrecognized_keys') return `${at}${issue.message}.`
  const names = known[path.at(-1) ?? ''] ?? []
  const keys = issue.keys.map((key) => {
    const near = nearest(key, names)
    return `unknown key "${key}"${near === undefined ? '' : `, did you mean ${near}?`}`
  })
  return `${at}${keys.join(', ')}. Known: ${names.join(', ')}.`
}
