import type { Rollout } from '@serin/spec'
import { useEffect, useRef, useState } from 'preact/hooks'
import { PastTrace } from '../evidence/past-trace.tsx'
import { count, duration, moment, weight } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { reachedBp, rolloutMark } from '../live/marks.ts'
import { language, t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import { client, freshness } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { Reached } from '../parts/reached.tsx'
import { Sign } from '../parts/sign.tsx'
import { addressOf } from '../places.ts'

const pageSize = 200
const typingMs = 200

/** Every rollout the control plane tells of, youngest first; further ones come as one reaches them. */
export function History({ query }: { readonly query: string }) {
  const { pages, isWhole, fetchMore } = usePages(query)
  const [traced, setTraced] = useState<Rollout | null>(null)
  useEffect(() => {
    document.title = `${t('history.title')} · Serin`
  })
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
      {pages.length === 0 && isWhole ? <p class="quiet">{t('history.none')}</p> : null}
      <div class="card scroll" tabIndex={0} role="group" aria-label={t('history.title')}>
        <table class="history-table">
          <thead>
            <tr>
              {(['what', 'how', 'reached', 'exposed', 'took', 'when'] as const).map((key) => (
                <th key={key} scope="col">
                  {t(`history.${key}`)}
                </th>
              ))}
            </tr>
          </thead>
          {pages.map((rollouts) => (
            <Rows key={rollouts[0]?.id} rollouts={rollouts} onTrace={setTraced} />
          ))}
        </table>
      </div>
      {isWhole ? null : <Reached key={pages.length} onReached={fetchMore} />}
      <Command line="serin get rollouts" />
      {traced === null ? null : <PastTrace rollout={traced} onClose={() => setTraced(null)} />}
    </>
  )
}

/** Pages of rollouts that have the words of a query, as they are asked for. */
function usePages(query: string) {
  const [pages, setPages] = useState<readonly (readonly Rollout[])[]>([])
  const [isWhole, setWhole] = useState(false)
  const asked = useRef(query)
  const isLive = freshness.value === 'live'
  const fetchPage = async (before: readonly (readonly Rollout[])[]) => {
    const last = before.at(-1)?.at(-1)?.id
    const after = last === undefined ? {} : { before: last }
    try {
      const { rollouts } = await client.value.listRollouts({ limit: pageSize, find: query, ...after })
      if (asked.current !== query) return
      setPages(rollouts.length === 0 ? before : [...before, rollouts])
      setWhole(rollouts.length < pageSize)
    } catch (error) {
      tell(error)
    }
  }
  useEffect(() => {
    asked.current = query
    if (!isLive) return
    const timer = setTimeout(() => void fetchPage([]), query === '' ? 0 : typingMs)
    return () => clearTimeout(timer)
  }, [query, isLive])
  return { pages, isWhole, fetchMore: () => void fetchPage(pages) }
}

/** One page; it is not drawn again when another one comes. */
function Rows(props: { readonly rollouts: readonly Rollout[]; readonly onTrace: (rollout: Rollout) => void }) {
  const { rollouts, onTrace } = props
  return (
    <tbody>
      {rollouts.map((rollout) => (
        <Row key={rollout.id} rollout={rollout} onTrace={() => onTrace(rollout)} />
      ))}
    </tbody>
  )
}

/** Its figures open where they come from: for the keyboard the first of them does. */
function Row({ rollout, onTrace }: { readonly rollout: Rollout; readonly onTrace: () => void }) {
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
      <td>
        <button type="button" class="figure" title={t('tile.how')} onClick={onTrace}>
          {weight(reachedBp(rollout))}
        </button>
      </td>
      <td onClick={onTrace}>{count(exposedUnits)}</td>
      <td onClick={onTrace}>{duration((endedAt ?? Date.now()) - startedAt, language.value)}</td>
      <td>{moment(startedAt)}</td>
    </tr>
  )
}
