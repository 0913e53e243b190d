import type { MetricReading } from '../resources.ts'
import { figure } from './figures.ts'
import { say, type Phrase } from './phrase.ts'

type Read = Omit<MetricReading, 'sentence'>

/** One metric: both versions, and what it means. */
export function metricSaid(reading: Read): readonly Phrase[] {
  const { missing, verdict, harm, safety } = reading
  const measured = measuredOf(reading)
  if (missing.length > 0 && verdict === 'undecided') {
    const needed = missing.map((each) => each.replace(/\.$/, '')).join('; ')
    return [...measured, ...say('metric.needed', { missing: needed })]
  }
  if (verdict === 'harmful') return [...measured, ...say('metric.worse', { odds: { logE: harm.logE } })]
  if (verdict === 'safe') return [...measured, ...say('metric.within', { odds: { logE: safety.logE } })]
  return [...measured, ...say('metric.open')]
}

function measuredOf(reading: Read): readonly Phrase[] {
  const { name, stable, canary, kind, counts, unit, cut, quantileMs } = reading
  if (canary === null) return say('metric.noCanary', { name })
  if (stable === null) return say('metric.noStable', { name })
  if (kind === 'generation') {
    const value = (of: number) => `${figure(of)}${unit === 'ms' ? ' ms' : ''}`
    const both = { canary: value(canary), stable: value(stable), counted: counts.canary, others: counts.stable }
    return say('metric.means', { name, ...both })
  }
  const pair = {
    name,
    canary: figure(canary),
    stable: figure(stable),
    events: Math.round(counts.canaryEvents),
    count: Math.round(counts.canary),
  }
  if (kind !== 'latency' || cut == null) return say('metric.pair', pair)
  const slow = { ...pair, cut: figure(cut.cutMs) }
  if (quantileMs?.canary == null || quantileMs.stable == null) return say('metric.slow', slow)
  const p = `p${Number((cut.quantile * 100).toFixed(1))}`
  const own = { p, ownMs: figure(quantileMs.canary), otherMs: figure(quantileMs.stable) }
  return say('metric.slowQuantiles', { ...slow, ...own })
}
