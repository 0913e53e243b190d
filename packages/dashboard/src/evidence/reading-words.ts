import type { MetricReading } from '@serin/spec'
import { figure, latency, percent, signed } from '../figures.ts'
import { t } from '../live/preferences.ts'
import { scaleOf, type Scale } from '../live/trail.ts'

/** What a metric is called: latencies with the cut that makes a request slow. */
export function titleOf({ name, cut }: MetricReading): string {
  return cut == null ? name : t('tile.slow', { name, cut: latency(cut.cutMs) })
}

/** The difference in words, with its unit: as a factor where the band is one of factors. */
export function differenceText(reading: MetricReading): string {
  const { difference, stable, canary } = reading
  if (scaleOf(reading) === 'ratio')
    return stable === null || canary === null || stable === 0 ? '–' : `×${figure(canary / stable)}`
  return difference === null ? '–' : t('tile.points', { value: signed(difference) })
}

/** The band in words. */
export function bandText(reading: MetricReading): string {
  const { interval } = reading
  if (interval === null) return t('tile.noBand')
  const [low, high] = interval
  const scale = scaleOf(reading)
  return t('tile.band', {
    low: low === null ? (scale === 'ratio' ? '×0' : '−∞') : onScale(low, scale),
    high: high === null ? '∞' : onScale(high, scale),
  })
}

/** A value on the scale of a band. */
export function onScale(value: number, scale: Scale): string {
  return scale === 'ratio' ? `×${figure(value)}` : signed(value)
}

/** What one version does, in its own unit. */
export function estimate(reading: MetricReading, arm: 'stable' | 'canary'): string {
  const value = reading[arm]
  if (value === null) return '–'
  return reading.unit === 'percent' ? percent(value) : reading.unit === 'ms' ? latency(value) : figure(value)
}
