import type { ServiceStatus } from '@serin/spec'
import { useEffect } from 'preact/hooks'
import { figure } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { t } from '../live/preferences.ts'
import { beats, canaryOf, client, freshness, now, services, takeTraffic } from '../live/state.ts'
import { layoutStrip } from './strip-layout.ts'

const [width, height, spanMs] = [1000, 80, 120_000]

/** The traffic of the last two minutes, by version. */
export function Strip({ service }: { readonly service: ServiceStatus }) {
  const { name } = service
  const isLive = freshness.value === 'live'
  useEffect(() => {
    if (!isLive) return
    client.value
      .getTraffic({ service: name })
      .then(({ points }) => takeTraffic(services.value.get(name) ?? service, points))
      .catch(tell)
  }, [name, isLive])
  const points = beats.value.get(name) ?? []
  const shown = points.filter(({ at }) => at >= now.value - spanMs)
  const { stable, canary, top } = layoutStrip(points, { width, height, until: now.value, spanMs })
  const last = points.at(-1)
  const isSplit = canaryOf(service) !== undefined && shown.some(({ canary: rate }) => rate > 0)
  return (
    <section aria-labelledby="strip-title" class="card strip">
      <h2 id="strip-title">{t('strip.title')}</h2>
      <figure>
        <div class="band">
          <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
            <path class="stable" d={stable} />
            {isSplit ? <path class="canary" d={canary} /> : null}
          </svg>
          <span class="scale" aria-hidden="true">
            {figure(top)}/s
          </span>
        </div>
        <figcaption class="quiet">
          {t(isSplit ? 'strip.caption' : 'strip.captionStable', {
            stable: figure(last?.stable ?? 0),
            canary: figure(last?.canary ?? 0),
          })}
        </figcaption>
      </figure>
    </section>
  )
}
