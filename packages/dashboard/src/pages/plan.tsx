import type { ReleasePlan } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { Forecast } from '../evidence/forecast.tsx'
import { tell } from '../live/connect.ts'
import { t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import { client, services } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { Simulation } from './simulation.tsx'

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
  const line = `serin plan ${name} --to ${version}`
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
      {plan === null ? <p class="quiet">{t('plan.making')}</p> : <Forecast plan={plan} line={line} />}
      <Command line={line} />
      {service === undefined ? null : <Simulation service={service} to={version} />}
    </>
  )
}
