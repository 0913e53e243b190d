import type { JournalLine } from '@serin/sdk'
import { moment } from '../figures.ts'
import { t } from '../live/preferences.ts'
import { judgementIn } from '../live/told.ts'
import { Row, Traced } from '../parts/traced.tsx'
import { JudgementRows } from './judgement-rows.tsx'

/** Where a line of the journal comes from: who wrote it when and of what, the evidence it rests on, and what chains it to the others. */
export function LineTrace({ line, onClose }: { readonly line: JournalLine; readonly onClose: () => void }) {
  const { seq, at, stream, kind, actor, hash, data } = line
  const judgement = judgementIn(data)
  const name = stream.split('/')[1] ?? ''
  return (
    <Traced name={`${t('journal.line')} ${seq}`} line={`serin get journal ${name} -o json`} onClose={onClose}>
      <Row word={t('history.when')}>
        {moment(at)} <span class="quiet">{new Date(at).toISOString()}</span>
      </Row>
      <Row word={t('journal.by')}>{actor}</Row>
      <Row word={t('journal.kind')}>
        <code>{kind}</code> <span class="quiet">{stream}</span>
      </Row>
      {judgement === null ? null : <JudgementRows judgement={judgement} />}
      <Row word={t('journal.chain')}>
        <code class="hash">{hash}</code> <span class="quiet">{t('source.chain')}</span>
      </Row>
    </Traced>
  )
}
