import { SerinError, type CanaryConfig, type MetricSetPairList } from '@serin/spec'
import type { KayentaConfig, KayentaSeries, Points } from '@serin/stats'

/** What Kayenta calls its default thresholds. */
const defaults = { pass: 95, marginal: 75 } as const

type Pair = MetricSetPairList[number]

interface Thresholds {
  readonly pass: number
  readonly marginal: number
}

/**
 * A canary config as the judge reads it. A metric of which there are several pairs (one per set of tags) becomes one metric each, as Kayenta judges
 * them; one without a pair stays and has no data.
 */
export function canaryOf(
  { metrics, classifier = {} }: CanaryConfig,
  pairs: MetricSetPairList,
  asked: { readonly [K in keyof Thresholds]: number | undefined },
): KayentaConfig & { readonly classifier: { readonly scoreThresholds: Thresholds } } {
  const known = metrics.map(({ name }) => name)
  const stranger = pairs.find(({ name }) => !known.includes(name))
  if (stranger !== undefined)
    throw new SerinError(
      'canary-config.invalid',
      `The metric set pair "${stranger.name}" is no metric of the canary config. Known: ${known.join(', ')}.`,
    )
  const given = classifier.scoreThresholds ?? {}
  const scoreThresholds = {
    pass: asked.pass ?? given.pass ?? defaults.pass,
    marginal: asked.marginal ?? given.marginal ?? defaults.marginal,
  }
  const expanded = metrics.flatMap(({ name, groups, analysisConfigurations }) => {
    const own = pairs.filter((pair) => pair.name === name)
    const names = own.length < 2 ? [name] : own.map((pair) => taggedName(pair))
    // Absent options are left out: the judge has defaults for them.
    const canary = analysisConfigurations?.canary
    const rest = canary === undefined ? {} : { analysisConfigurations: { canary: present(canary) } }
    return names.map((each) => ({ name: each, groups, ...rest }))
  })
  const { groupWeights = {} } = classifier
  return { metrics: expanded, classifier: { groupWeights, scoreThresholds } }
}

/** The points of both versions: Kayenta's control is stable, its experiment canary. */
export function seriesOf(pairs: MetricSetPairList): readonly KayentaSeries[] {
  return pairs.map((pair) => {
    const many = pairs.filter(({ name }) => name === pair.name).length > 1
    const { control, experiment } = pair.values
    return { name: many ? taggedName(pair) : pair.name, stable: pointsOf(control), canary: pointsOf(experiment) }
  })
}

function taggedName({ name, tags, id }: Pair): string {
  const words = Object.entries(tags).map(([key, value]) => `${key}=${value}`)
  return `${name} {${words.length === 0 ? (id ?? '') : words.join(', ')}}`
}

function pointsOf(points: Pair['values']['control']): Points {
  return points.map((point) => (point === 'NaN' ? null : point))
}

type Options = NonNullable<NonNullable<CanaryConfig['metrics'][number]['analysisConfigurations']>['canary']>
type JudgeOptions = NonNullable<NonNullable<KayentaConfig['metrics'][number]['analysisConfigurations']>['canary']>

function present(options: Options): JudgeOptions {
  return JSON.parse(JSON.stringify(options)) as JudgeOptions
}
