import { formatWeight, type Judgement, type MetricReading } from '@serin/spec'
import { kayentaSentence } from './kayenta/judgement.ts'

/** A number with as many digits as people can use. */
export function figure(value: number): string {
  const size = Math.abs(value)
  return size === 0
    ? '0'
    : size >= 100
      ? value.toFixed(0)
      : size >= 10
        ? value.toFixed(1)
        : size >= 0.1
          ? value.toFixed(2)
          : value.toPrecision(2)
}

/** The odds an e-value stands for, bounded so that people can read it. */
export function oddsText(logE: number): string {
  if (logE >= Math.log(1e9)) return 'more than 1,000,000,000 to 1'
  const odds = Math.exp(logE)
  return `${odds >= 10 ? Math.floor(odds + 1e-6).toLocaleString('en') : odds.toFixed(1)} to 1`
}

/** One metric in one sentence: both versions, and what it means. */
export function metricSentence(reading: Omit<MetricReading, 'sentence'>): string {
  const what = measured(reading)
  if (reading.missing.length > 0 && reading.verdict === 'undecided')
    return `${what} Still needed: ${reading.missing.map((each) => each.replace(/\.$/, '')).join('; ')}.`
  if (reading.verdict === 'harmful') return `${what} Canary is worse: the evidence is ${oddsText(reading.harm.logE)}.`
  if (reading.verdict === 'safe')
    return `${what} Canary is within what the next step allows (evidence ${oddsText(reading.safety.logE)}).`
  return `${what} Not decided yet.`
}

function measured(reading: Omit<MetricReading, 'sentence'>): string {
  const { name, stable, canary, kind } = reading
  if (canary === null || stable === null) return `${name}: no samples of ${canary === null ? 'canary' : 'stable'} yet.`
  const { canaryEvents, canary: n } = reading.counts
  if (kind === 'generation') {
    const value = (of: number) => `${figure(of)}${reading.unit === 'ms' ? ' ms' : ''}`
    const { canary: own, stable: all } = reading.counts
    return `${name}: ${value(canary)} on canary (${own} counted) against ${value(stable)} on stable (${all}).`
  }
  const pair = `${figure(canary)} % on canary (${Math.round(canaryEvents)} of ${Math.round(n)}) against ${figure(stable)} % on stable`
  if (kind === 'latency' && reading.cut != null) {
    const p = `p${Number((reading.cut.quantile * 100).toFixed(1))}`
    const both = reading.quantileMs
    const quantiles =
      both?.canary == null || both.stable == null
        ? ''
        : `; ${p} is ${figure(both.canary)} ms against ${figure(both.stable)} ms`
    return `${name}: slower than ${figure(reading.cut.cutMs)} ms are ${pair}${quantiles}.`
  }
  return `${name}: ${pair}.`
}

/** What a step compares besides, or instead of, the traffic of both versions: only what is mirrored; that as well; nothing, since canary has no requests at all. */
export type Compared = 'copies' | 'both' | 'nothing'

/** The whole judgement in one sentence: what is decided and by what, or what is still missing. */
export function judgementSentence(
  judgement: Omit<Judgement, 'sentence'>,
  { compares, noProof }: { readonly compares?: Compared; readonly noProof?: true } = {},
): string {
  const { kayenta } = judgement
  if (kayenta !== undefined && (judgement.verdict !== 'undecided' || judgement.health === 'ok'))
    return kayentaSentence(kayenta, formatWeight(judgement.forWeightBp))
  // With all traffic there is no share left to be safe for.
  if (judgement.alone !== undefined && (judgement.verdict !== 'harmful' || judgement.harm.leading === 'all-traffic'))
    return judgement.verdict === 'harmful' ? `Harm is proved. ${judgement.alone.sentence}` : judgement.alone.sentence
  const { mirror } = judgement
  if (mirror !== undefined && judgement.verdict === 'harmful' && judgement.harm.leading === 'mirror')
    return `Harm is proved. ${mirror.sentence}`
  if (mirror !== undefined && judgement.health === 'ok' && compares !== undefined && mirror.verdict !== 'safe')
    return mirror.sentence
  const leading = judgement.metrics.find((metric) => metric.name === judgement.harm.leading)
  if (judgement.verdict === 'harmful')
    return `Harm is proved (${oddsText(judgement.harm.logE)}). ${leading?.sentence ?? ''}`.trim()
  const next = formatWeight(judgement.forWeightBp)
  if (judgement.verdict === 'safe' && compares === 'copies') return `Safe for ${next}: ${mirror?.sentence ?? ''}`
  if (judgement.verdict === 'safe') return `Safe for ${next}: every guardrail is within its margin.`
  switch (judgement.health) {
    case 'source-down':
      return 'No evidence arrives: the source is down. Traffic stays as it is.'
    case 'no-data':
      return 'Canary gets no samples. Traffic stays as it is.'
    case 'sample-ratio-mismatch':
      return `The observed split does not match the asked one (evidence ${oddsText(judgement.srm.logE)}): decisions are suspended until a person has looked.`
    case 'no-baseline':
      return 'Too little traffic before the rollout to know how fast stable is; latency cannot be judged. Traffic stays as it is.'
    case 'warming-up':
      return 'Warming up: latency is not judged yet.'
    case 'low-traffic':
      return `Only ${judgement.units.canary} units have seen canary so far. No harm seen.`
    case 'ok': {
      if (compares === 'nothing') return 'Canary has no requests at this step.'
      if (noProof === true) return 'No harm seen.'
      if (judgement.goal !== undefined && judgement.goal.verdict !== 'better') return judgement.goal.sentence
      const open = judgement.metrics
        .filter((metric) => metric.role !== 'monitor' && metric.verdict !== 'safe')
        .map((metric) => metric.name)
      return `No harm seen; ${open.join(', ')} ${open.length === 1 ? 'needs' : 'need'} more evidence before ${next}.`
    }
  }
}
