import type { Rollout } from '@serin/spec'
import { count, duration, moment, weight } from '../figures.ts'
import { reachedBp } from '../live/marks.ts'
import { language, t } from '../live/preferences.ts'
import { Row, Traced } from '../parts/traced.tsx'
import { JudgementRows } from './judgement-rows.tsx'

/** Where the figures of a rollout in a list come from, and the evidence that decided it. */
export function PastTrace({ rollout, onClose }: { readonly rollout: Rollout; readonly onClose: () => void }) {
  const { id, exposedUnits, exposedRequests, startedAt, endedAt, judgement } = rollout
  return (
    <Traced name={id} line={`serin explain ${id}`} onClose={onClose}>
      <Row word={t('history.reached')}>
        {weight(reachedBp(rollout))} <span class="quiet">{t('source.reached')}</span>
      </Row>
      <Row word={t('history.exposed')}>
        {t('source.exposed', { users: count(exposedUnits), requests: count(exposedRequests) })}
      </Row>
      <Row word={t('history.took')}>
        {duration((endedAt ?? Date.now()) - startedAt, language.value)}{' '}
        <span class="quiet">
          {moment(startedAt)} – {endedAt === null ? '…' : moment(endedAt)}
        </span>
      </Row>
      {judgement === null ? null : <JudgementRows judgement={judgement} />}
    </Traced>
  )
}
