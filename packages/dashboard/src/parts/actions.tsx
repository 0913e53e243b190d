import { useEffect, useRef, useState } from 'preact/hooks'
import type { Rollout } from '@serin/spec'
import { approval, holdOrResume, otherDeeds, rollBack, type Deed } from '../live/deeds.ts'
import { t } from '../live/preferences.ts'
import { client, freshness, may, me } from '../live/state.ts'
import { Dialog } from './dialog.tsx'
import { useKey } from './keys.tsx'

/** Everything one can do with a rollout: two buttons, a gate that waits, and a menu. What one may not do says why. */
export function Actions({ rollout }: { readonly rollout: Rollout }) {
  const [asked, setAsked] = useState<Deed | null>(null)
  const [hold, back, yes] = [holdOrResume(rollout), rollBack(rollout), approval(rollout)]
  const others = otherDeeds(rollout)
  const ask = (deed: Deed | null | undefined) => {
    if (deed != null && refusalOf(deed) === null) setAsked(deed)
  }
  useKey('h', () => ask(hold))
  useKey('r', () => ask(back))
  useKey('a', () => ask(yes))
  useKey('p', () => ask(others[0]))
  return (
    <div class="actions">
      {yes === null ? null : <DeedButton deed={yes} hint="a" ask={ask} primary />}
      {hold === null ? null : <DeedButton deed={hold} hint="h" ask={ask} primary={hold.operation === 'resume'} />}
      {back === null ? null : <DeedButton deed={back} hint="r" ask={ask} />}
      {others.length === 0 ? null : <More deeds={others} ask={ask} />}
      {asked === null ? null : <Confirm deed={asked} onClose={() => setAsked(null)} />}
    </div>
  )
}

interface ButtonProps {
  readonly deed: Deed
  readonly ask: (deed: Deed) => void
  readonly hint?: string
  readonly primary?: boolean
}

/** A button for a deed; when it may not be pressed it says why. */
export function DeedButton({ deed, ask, hint, primary = false }: ButtonProps) {
  const refusal = refusalOf(deed)
  const id = `why-not-${deed.name.replaceAll('.', '-')}`
  return (
    <span class="deed">
      <button
        type="button"
        class={primary ? 'primary' : ''}
        aria-disabled={refusal !== null}
        aria-describedby={refusal === null ? undefined : id}
        onClick={() => ask(deed)}
      >
        {t(deed.name)} {hint === undefined ? null : <kbd aria-hidden="true">{hint}</kbd>}
      </button>
      {refusal === null ? null : (
        <span class="why-not" id={id}>
          {refusal}
        </span>
      )}
    </span>
  )
}

function More({ deeds, ask }: { readonly deeds: readonly Deed[]; readonly ask: (deed: Deed) => void }) {
  const box = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = (event: Event) => {
      const isKey = event instanceof KeyboardEvent
      if (isKey ? event.key === 'Escape' : !box.current?.contains(event.target as Node))
        box.current?.removeAttribute('open')
    }
    document.addEventListener('click', close)
    document.addEventListener('keydown', close)
    return () => {
      document.removeEventListener('click', close)
      document.removeEventListener('keydown', close)
    }
  }, [])
  return (
    <details class="more" ref={box}>
      <summary>{t('do.more')}</summary>
      <div>
        {deeds.map((deed) => (
          <DeedButton
            key={deed.name}
            deed={deed}
            ask={(one) => {
              box.current?.removeAttribute('open')
              ask(one)
            }}
          />
        ))}
      </div>
    </details>
  )
}

/** Says what will happen, asks for a reason, and does it. */
export function Confirm({ deed, onClose }: { readonly deed: Deed; readonly onClose: () => void }) {
  const [why, setWhy] = useState('')
  const [working, setWorking] = useState(false)
  const [said, setSaid] = useState<string | null>(null)
  const isReady = !working && (!deed.wantsWhy || why.trim() !== '')
  const act = (event: Event) => {
    event.preventDefault()
    if (!isReady) return
    setWorking(true)
    deed
      .act(client.value, why.trim())
      .then(onClose)
      .catch((error: unknown) => {
        setWorking(false)
        setSaid(error instanceof Error ? error.message : String(error))
      })
  }
  return (
    <Dialog title={t(deed.name)} onClose={onClose}>
      <form onSubmit={act}>
        <p>{t(deed.effect, deed.gaps)}</p>
        {deed.seenStep === null ? null : <p class="quiet">{t('effect.seen', deed.gaps)}</p>}
        <label class="field">
          {t(deed.wantsWhy ? 'do.whyNeeded' : 'do.why')}
          <input
            value={why}
            required={deed.wantsWhy}
            maxLength={2_000}
            onInput={(e) => setWhy(e.currentTarget.value)}
          />
        </label>
        {said === null ? null : (
          <p role="alert" class="tone-harm">
            ■ {said}
          </p>
        )}
        <p class="row end">
          <button type="button" onClick={onClose}>
            {t('do.cancel')}
          </button>
          <button type="submit" class="primary" aria-disabled={!isReady}>
            {working ? t('do.working') : t(deed.name).replace('…', '')}
          </button>
        </p>
      </form>
    </Dialog>
  )
}

/** Why somebody cannot do it now; null when they can. */
function refusalOf({ operation, needs }: Deed): string | null {
  if (freshness.value === 'lost' || freshness.value === 'never') return t('do.notHeard')
  return may(operation) ? null : t('do.mayNot', { role: me.value?.role ?? '–', needed: needs })
}
