import type { MetricReading, Rollout } from '@serin/spec'
import { clock, count, odds } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { metricParts } from '../live/said.ts'
import { Said } from '../parts/said.tsx'
import { Row, Traced } from '../parts/traced.tsx'
import { bandText, differenceText, estimate, titleOf } from './reading-words.ts'

/** Where a number comes from: what was counted, the interval, the method, what it is compared with, and the command that prints it. */
export function TraceOf(props: {
  readonly reading: MetricReading
  readonly rollout: Rollout
  readonly onClose: () => void
}) {
  const { reading, rollout, onClose } = props
  const { counts, harm, safety, exact, kind, missing } = reading
  const arm = (version: string, events: number, of: number) =>
    t('trace.arm', { version, events: count(events), count: count(of) })
  return (
    <Traced name={titleOf(reading)} line={`serin explain ${rollout.id}`} onClose={onClose}>
      <Row word={t('trace.inputs')}>
        {arm(rollout.canary, counts.canaryEvents, counts.canary)}
        <br />
        {arm(rollout.stable, counts.stableEvents, counts.stable)}
      </Row>
      <Row word={t('trace.estimate')}>
        {differenceText(reading)} ({estimate(reading, 'canary')} − {estimate(reading, 'stable')})
        {isByStep(reading) ? <span class="quiet"> {t('trace.byStep')}</span> : null}
      </Row>
      <Row word={t('trace.interval')}>
        {bandText(reading)}
        {reading.interval === null ? '' : `; ${t('trace.always')}, ${t(exact ? 'trace.exact' : 'trace.asymptotic')}`}
      </Row>
      <Row word={t('trace.method')}>{t(`trace.method.${kind}`)}</Row>
      <Row word={t('tile.harm')}>{t('trace.harm', oddsOf(harm))}</Row>
      <Row word={t('tile.safety')}>{t('trace.safety', oddsOf(safety))}</Row>
      {missing.length === 0 ? null : (
        <Row word={t('trace.missing')}>
          <span lang="en">{missing.join('; ')}</span>
        </Row>
      )}
      <Row word={t('trace.says')}>
        <Said parts={metricParts(reading, language.value)} />
      </Row>
      {rollout.judgement === null ? null : <Row word={t('trace.judged')}>{clock(rollout.judgement.at)}</Row>}
    </Traced>
  )
}

/** Whether the estimate is another than the plain difference of the two rates beside it. */
function isByStep({ difference, stable, canary, intervalOf }: MetricReading): boolean {
  if (difference === null || stable === null || canary === null || intervalOf === 'ratio') return false
  return Math.abs(difference - (canary - stable)) > 0.005
}

function oddsOf({ logE, threshold }: MetricReading['harm']) {
  return { odds: odds(logE, language.value), threshold: odds(threshold, language.value) }
}
