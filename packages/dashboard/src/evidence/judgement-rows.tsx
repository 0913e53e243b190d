import type { Judgement } from '@serin/spec'
import { clock, count } from '../figures.ts'
import { markOf, worstFirst } from '../live/marks.ts'
import { t } from '../live/preferences.ts'
import { Row } from '../parts/traced.tsx'
import { bandText, differenceText, titleOf } from './reading-words.ts'

/** What a judgement rested on: whom it counted, each metric with its difference, interval and method, worst first, and when it was. */
export function JudgementRows({ judgement }: { readonly judgement: Judgement }) {
  const { units, metrics, at } = judgement
  return (
    <>
      <Row word={t('trace.inputs')}>
        {t('trace.units', { canary: count(units.canary), stable: count(units.stable) })}
      </Row>
      {worstFirst(metrics).map((reading) => (
        <Row key={reading.name} word={titleOf(reading)}>
          {t('tile.caption', {
            name: t('tile.difference'),
            difference: differenceText(reading),
            band: bandText(reading),
            verdict: t(markOf(reading.verdict).word),
          })}{' '}
          <span class="quiet">{t(`trace.method.${reading.kind}`)}</span>
        </Row>
      ))}
      <Row word={t('trace.judged')}>{clock(at)}</Row>
    </>
  )
}
