import type { Rollout } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { count, duration, moment, weight } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { isOpen, rolloutMark } from '../live/marks.ts'
import { language, t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import { client, freshness } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { Sign } from '../parts/sign.tsx'
import { addressOf } from '../places.ts'

const shownAtOnce = 100

/** Every rollout the control plane tells of, youngest first. */
export function History({ query }: { readonly query: string }) {
  const [all, setAll] = useState<readonly Rollout[] | null>(null)
  const [shown, setShown] = useState(shownAtOnce)
  const isLive = freshness.value === 'live'
  useEffect(() => {
    document.title = `${t('history.title')} · Serin`
  })
  useEffect(() => {
    if (!isLive) return
    client.value
      .listRollouts({ limit: 1_000 })
      .then(({ rollouts }) => setAll(rollouts))
      .catch(tell)
  }, [isLive])
  if (all === null) return <p class="quiet">{t('loading')}</p>
  const fitting = all.filter((rollout) => fits(rollout, query))
  return (
    <>
      <div class="page-head">
        <h1>{t('history.title')}</h1>
        <search>
          <input
            type="search"
            aria-label={t('history.filter')}
            placeholder={t('history.filter')}
            value={query}
            onInput={(event) => go({ page: 'history', query: event.currentTarget.value }, { instead: true })}
          />
        </search>
      </div>
      {fitting.length === 0 ? <p class="quiet">{t('history.none')}</p> : null}
      <div class="card scroll" tabIndex={0} role="group" aria-label={t('history.title')}>
        <table class="history-table">
          <thead>
            <tr>
              {(['what', 'how', 'reached', 'exposed', 'took', 'when'] as const).map((key) => (
                <th scope="col">{t(`history.${key}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {fitting.slice(0, shown).map((rollout) => (
              <Row key={rollout.id} rollout={rollout} />
            ))}
          </tbody>
        </table>
      </div>
      {fitting.length > shown ? (
        <button type="button" onClick={() => setShown(shown + shownAtOnce)}>
          {t('tiles.more', { count: Math.min(shownAtOnce, fitting.length - shown) })}
        </button>
      ) : null}
      <Command line="serin get rollouts" />
    </>
  )
}

function Row({ rollout }: { readonly rollout: Rollout }) {
  const { id, stable, canary, startedAt, endedAt, exposedUnits } = rollout
  return (
    <tr>
      <th scope="row">
        <a href={addressOf({ page: 'rollout', rollout: id, at: null })}>{id}</a>{' '}
        <span class="quiet">{t('rollout.versions', { stable, canary })}</span>
      </th>
      <td>
        <Sign mark={rolloutMark(rollout)} />
      </td>
      <td>{weight(reachedBp(rollout))}</td>
      <td>{count(exposedUnits)}</td>
      <td>{duration((endedAt ?? Date.now()) - startedAt, language.value)}</td>
      <td>{moment(startedAt)}</td>
    </tr>
  )
}

/** The largest share it is known to have had. */
function reachedBp(rollout: Rollout): number {
  if (rollout.phase === 'promoted') return 10_000
  if (isOpen(rollout)) return rollout.inForceBp ?? rollout.askedBp
  const { judgement, steps, firstTrafficAt } = rollout
  if (judgement === null || firstTrafficAt === null) return 0
  const at = steps.findIndex((_step, i) => (steps[i + 1]?.weightBp ?? 10_000) === judgement.forWeightBp)
  return steps[at]?.weightBp ?? 0
}

function fits({ id, stable, canary, phase, reason, strategy }: Rollout, query: string): boolean {
  const text = `${id} ${stable} ${canary} ${phase} ${reason ?? ''} ${strategy}`.toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
