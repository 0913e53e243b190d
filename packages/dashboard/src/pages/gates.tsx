import type { Rollout } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { duration } from '../figures.ts'
import { approval, type Deed } from '../live/deeds.ts'
import { isOpen } from '../live/marks.ts'
import { language, t } from '../live/preferences.ts'
import { judgedParts, rolloutParts } from '../live/said.ts'
import { now, services } from '../live/state.ts'
import { Confirm, DeedButton } from '../parts/actions.tsx'
import { Said } from '../parts/said.tsx'
import { Command } from '../parts/command.tsx'
import { addressOf } from '../places.ts'

type Waiting = Rollout & { readonly gate: NonNullable<Rollout['gate']> }

/** Every gate that is asked now: those that need people first, then who has waited longest. */
export function Gates() {
  const [asked, setAsked] = useState<Deed | null>(null)
  const waiting = [...services.value.values()]
    .flatMap(({ rollout }) => (rollout?.gate == null || !isOpen(rollout) ? [] : [{ ...rollout, gate: rollout.gate }]))
    .sort((a, b) => Number(b.gate.people !== null) - Number(a.gate.people !== null) || a.gate.since - b.gate.since)
  useEffect(() => {
    document.title = `${waiting.length === 0 ? '' : `(${waiting.length}) `}${t('gates.title')} · Serin`
  })
  return (
    <>
      <div class="page-head">
        <h1>{t('gates.title')}</h1>
      </div>
      {waiting.length === 0 ? <p class="quiet">{t('gates.none')}</p> : null}
      <ul class="gates">
        {waiting.map((rollout) => (
          <Gate key={rollout.id} rollout={rollout} ask={setAsked} />
        ))}
      </ul>
      <Command line="serin get gates" />
      {asked === null ? null : <Confirm deed={asked} onClose={() => setAsked(null)} />}
    </>
  )
}

function Gate({ rollout, ask }: { readonly rollout: Waiting; readonly ask: (deed: Deed) => void }) {
  const { gate, service, stable, canary, judgement } = rollout
  const deed = approval(rollout)
  return (
    <li class="card gate">
      <div>
        <h2>
          <a href={addressOf({ page: 'service', service })}>{service}</a>{' '}
          <span class="quiet">{t('rollout.versions', { stable, canary })}</span>
        </h2>
        <p>
          <b>{gate.name}</b>{' '}
          <span class="quiet">
            {gate.kind}, {t('gates.since', { age: duration(now.value - gate.since, language.value) })}
          </span>
        </p>
        <p>
          {gate.people === null ? (
            <span lang="en">{gate.says ?? '…'}</span>
          ) : (
            t('gates.people', { count: gate.approvals.length, people: gate.people })
          )}
          {gate.approvals.length === 0 ? '' : `: ${gate.approvals.join(', ')}`}
        </p>
        <p class="quiet">
          <Said
            parts={judgement === null ? rolloutParts(rollout, language.value) : judgedParts(judgement, language.value)}
          />
        </p>
      </div>
      {deed === null ? null : <DeedButton deed={deed} ask={ask} primary />}
    </li>
  )
}
