import type { ReleasePlan } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { layoutPlan } from '../evidence/plan-layout.ts'
import { count, duration, figure, percent, weight } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { language, t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import { client, services } from '../live/state.ts'
import { Command } from '../parts/command.tsx'

const [width, height] = [1000, 160]

/** What a release would do, from the traffic of now; nothing starts. */
export function Plan({ service: name, to }: { readonly service: string; readonly to: string | null }) {
  const service = services.value.get(name)
  const others = service?.versions.filter((version) => version.name !== service.stable).map((each) => each.name) ?? []
  const version = to ?? others[0] ?? null
  const [plan, setPlan] = useState<ReleasePlan | null>(null)
  useEffect(() => {
    document.title = `${name} · Serin`
  })
  useEffect(() => {
    if (version === null) return
    setPlan(null)
    client.value.plan({ service: name, to: version }).then(setPlan).catch(tell)
  }, [name, version])
  if (version === null) return <p class="quiet">{t('loading')}</p>
  return (
    <>
      <div class="page-head">
        <h1>{t('plan.title', { service: name, version })}</h1>
        <label class="row">
          <span class="quiet">{t('plan.version')}</span>
          <select
            value={version}
            onChange={(event) => go({ page: 'plan', service: name, to: event.currentTarget.value }, { instead: true })}
          >
            {others.map((each) => (
              <option value={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      {plan === null ? <p class="quiet">{t('plan.making')}</p> : <Forecast plan={plan} />}
      <Command line={`serin plan ${name} --to ${version}`} />
    </>
  )
}

function Forecast({ plan }: { readonly plan: ReleasePlan }) {
  const { promoted, falseRollbackPercent, notForecast } = plan
  const time = (ms: number) => duration(ms, language.value)
  return (
    <>
      <p class="verdict">
        {promoted.likelyMs === null
          ? t('plan.earliest', { time: time(promoted.earliestMs) })
          : t('plan.likely', { time: time(promoted.likelyMs) })}
        , {t('plan.exposed', { count: count(promoted.canaryRequests) })}
      </p>
      <p class="quiet">
        {t('plan.false', { percent: `${figure(falseRollbackPercent)} %` })}{' '}
        {notForecast.length === 0 ? '' : t('plan.notForecast', { metrics: notForecast.join(', ') })}
      </p>
      <Picture plan={plan} />
      <Steps plan={plan} />
    </>
  )
}

function Picture({ plan }: { readonly plan: ReleasePlan }) {
  const { path, steps, untilMs } = layoutPlan(plan, { width, height })
  return (
    <figure class="card plan">
      <div class="band">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" class="plan-picture" aria-hidden="true">
          {steps.map(({ left, right, top, found }, i) => (
            <g key={i}>
              <rect class="tread" x={left} y={top} width={Math.max(0, right - left)} height={height - top} />
              {found === null ? null : (
                <rect
                  class="tread done"
                  x={left}
                  y={height - found * (height - top)}
                  width={Math.max(0, right - left)}
                  height={found * (height - top)}
                />
              )}
            </g>
          ))}
          <path class="stable" d={path} />
        </svg>
        {steps.map(({ left, right, top }, i) =>
          right - left < width / 20 ? null : (
            <span
              key={i}
              class="scale step"
              style={{ left: `${(left / width) * 100}%`, top: `calc(1.25rem + ${top / height} * 10rem)` }}
              aria-hidden="true"
            >
              {weight(plan.steps[i]?.weightBp ?? 0)}
            </span>
          ),
        )}
      </div>
      <p class="axis quiet" aria-hidden="true">
        <span>0</span>
        <span>{duration(untilMs, language.value)}</span>
      </p>
      <figcaption class="quiet">
        <i class="key asked" aria-hidden="true" /> {t('plan.picture')} <i class="key found" aria-hidden="true" />{' '}
        {t('plan.pictureFound')}
      </figcaption>
    </figure>
  )
}

function Steps({ plan }: { readonly plan: ReleasePlan }) {
  const time = (ms: number | null) => (ms === null ? '–' : duration(ms, language.value))
  return (
    <div class="card scroll" tabIndex={0} role="group" aria-label={t('stairs.title')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('tile.step')}</th>
            {(['begins', 'lasts', 'requests', 'finds'] as const).map((key) => (
              <th scope="col">{t(`plan.${key}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plan.steps.map(({ weightBp, name, likelyMs, earliestMs, stayMs, requestsHere, doubledErrors }, i) => (
            <tr key={i}>
              <th scope="row">
                {weight(weightBp)} {name ?? ''}
              </th>
              <td>{time(likelyMs ?? earliestMs)}</td>
              <td>{time(stayMs)}</td>
              <td>{requestsHere === null ? '–' : count(requestsHere)}</td>
              <td>{percent(doubledErrors.foundHere === null ? null : doubledErrors.foundHere * 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
