import type { KayentaJudgement, MetricReading } from '@serin/spec'
import type { KayentaRules } from './rules.ts'
import { createKayenta, type KayentaState } from './state.ts'

/** Kayenta's part of a judgement: the latest look of the step, and when the next is due. */
export function readKayenta(rules: KayentaRules, state: KayentaState = createKayenta(0)): KayentaJudgement {
  const { closed, looks, reading } = state
  return {
    ...(reading ?? { verdict: 'undecided', score: null, failed: null, groups: [], metrics: [] }),
    pass: rules.pass,
    marginal: rules.marginal,
    points: closed,
    looks,
    nextLookIn: rules.everyPoints - (closed % rules.everyPoints),
  }
}

/** The readings of metrics as this judge sees them: its label gives the verdict, the evidence beside it stays to be looked at. */
export function labelled({ metrics }: KayentaJudgement, readings: readonly MetricReading[]): readonly MetricReading[] {
  const byName = new Map(metrics.map((metric) => [metric.name, metric]))
  return readings.map((reading) => {
    const found = byName.get(reading.name)
    if (found === undefined)
      return { ...reading, verdict: 'undecided', missing: [], sentence: `${reading.name}: not judged yet.` }
    const { label, critical, muted, reason, mean, count } = found
    const failed = label === 'High' || label === 'Low'
    const unit = reading.kind === 'latency' || reading.unit === 'ms' ? ' ms' : reading.unit === 'percent' ? ' %' : ''
    const both =
      mean.canary === null || mean.stable === null
        ? ''
        : ` ${figure(mean.canary)}${unit} on canary (${count.canary} points) against ${figure(mean.stable)}${unit} on stable (${count.stable}).`
    return {
      ...reading,
      verdict: label === 'Pass' ? 'safe' : failed ? 'harmful' : 'undecided',
      missing: label === 'Pass' || failed ? [] : ['points of both versions'],
      sentence: `${reading.name}: ${label}${critical ? ' (critical)' : ''}${muted ? ' (muted)' : ''}.${both} ${reason}`,
    }
  })
}

/** What the judge decided, in a sentence: score, thresholds, labels, and how many looks it took. */
export function kayentaSentence(kayenta: KayentaJudgement, next: string): string {
  const { verdict, score, pass, marginal, points, looks, nextLookIn, metrics, failed } = kayenta
  const soon = `${nextLookIn} ${nextLookIn === 1 ? 'point' : 'points'}`
  if (score === null)
    return looks === 0
      ? `Kayenta’s judge looks for the first time after ${points + nextLookIn} points of each version; there are ${points}.`
      : `Kayenta’s judge cannot give a score: ${failed ?? ''}`
  const labels = metrics.map(({ name, label, muted }) => `${name} ${label}${muted ? ' (muted)' : ''}`).join(', ')
  const why = failed === null ? '' : ` ${failed}`
  const said = `Kayenta score ${figure(score)} (pass ${pass}, marginal ${marginal}): ${labels}.${why}`
  const looked = `It is ${looks === 1 ? 'the first look' : `look ${looks}`} at this step; this judge makes no correction for looking again.`
  switch (verdict) {
    case 'harmful':
      return `Not above marginal. ${said} ${looked}`
    case 'safe':
      return `Safe for ${next}. ${said} ${looked}`
    case 'undecided':
      return `Not decided; the next judgement comes in ${soon}. ${said} ${looked}`
  }
}

/** A number with as many digits as people can use. */
function figure(value: number): string {
  return String(Number(value.toPrecision(3)))
}
