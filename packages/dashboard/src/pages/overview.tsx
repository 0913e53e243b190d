import type { ServiceStatus } from '@serin/spec'
import { useEffect, useRef } from 'preact/hooks'
import { duration, weight } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { byUrgency, isOpen, needsAttention, serviceMark, urgency } from '../live/marks.ts'
import { go } from '../live/route.ts'
import { rolloutParts, textOf, type Part } from '../live/said.ts'
import { freshness, now, services } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { useKey } from '../parts/keys.tsx'
import { Said } from '../parts/said.tsx'
import { Sign } from '../parts/sign.tsx'
import { serviceSentence } from '../parts/sentence.ts'
import { addressOf, shows, type Show } from '../places.ts'
import { MiniStairs } from '../evidence/mini-stairs.tsx'

/** Every service, who needs a person first. The filter is in the address. */
export function Overview({ query, show }: { readonly query: string; readonly show: Show }) {
  const list = useRef<HTMLUListElement>(null)
  const all = byUrgency(services.value.values())
  const shown = all.filter((service) => fits(service, query, show))
  useEffect(() => {
    document.title = titleOf(all)
  })
  useKey('j', () => walk(list.current, 1))
  useKey('k', () => walk(list.current, -1))
  if (services.value.size === 0)
    return freshness.value === 'connecting' ? (
      <p class="quiet">{t('loading')}</p>
    ) : (
      <>
        <h1>{t('overview.title')}</h1>
        <p>{t('overview.none')}</p>
        <Command line="serin apply -f serin.yaml" title="" />
      </>
    )
  return (
    <>
      <div class="page-head">
        <h1>{t('overview.title')}</h1>
        <p class="quiet">{summary(all)}</p>
        <Filter query={query} show={show} />
      </div>
      <ul class="services" ref={list}>
        {shown.map((service) => (
          <Service key={service.name} service={service} />
        ))}
      </ul>
      {shown.length === 0 ? <p class="quiet">{t('overview.noneShown')}</p> : null}
      <Command line="serin get services" />
    </>
  )
}

function Filter({ query, show }: { readonly query: string; readonly show: Show }) {
  const to = (next: { readonly query?: string; readonly show?: Show }) =>
    go({ page: 'overview', query, show, ...next }, { instead: true })
  return (
    <search class="row">
      <input
        type="search"
        aria-label={t('overview.filter')}
        placeholder={t('overview.filter')}
        value={query}
        onInput={(event) => to({ query: event.currentTarget.value })}
      />
      <span class="choice" role="group">
        {shows.map((each) => (
          <button type="button" aria-pressed={show === each} onClick={() => to({ show: each })}>
            {t(`overview.${each}`)}
          </button>
        ))}
      </span>
    </search>
  )
}

function Service({ service }: { readonly service: ServiceStatus }) {
  const { name, rollout, stable } = service
  const open = rollout !== null && isOpen(rollout)
  const since = rollout === null ? null : (rollout.endedAt ?? rollout.startedAt)
  const says = saysOf(service)
  const share = rollout === null ? 0 : (rollout.inForceBp ?? rollout.askedBp)
  return (
    <li class={`service ${serviceMark(service).tone} ${open ? 'open' : ''}`}>
      <a href={addressOf({ page: 'service', service: name })}>
        <Sign mark={serviceMark(service)} />
        <b class="name">{name}</b>
        <span class="versions">
          {rollout === null ? stable : t('rollout.versions', { stable: rollout.stable, canary: rollout.canary })}
        </span>
        <span class="share">
          {rollout === null ? null : <MiniStairs rollout={rollout} />}
          {rollout === null ? '' : weight(share)}
        </span>
        <span class="says" title={textOf(says)}>
          <Said parts={says} />
        </span>
        <span class="age quiet">
          {since === null ? '' : t('time.ago', { age: duration(now.value - since, language.value) })}
        </span>
      </a>
    </li>
  )
}

/** What is wrong with a service, else how it is. */
function saysOf(service: ServiceStatus): readonly Part[] {
  const [trouble] = service.trouble
  if (trouble !== undefined) return [{ text: trouble, lang: 'en' }]
  if (service.rollout === null) return [{ text: serviceSentence(service), lang: language.value }]
  return rolloutParts(service.rollout, language.value)
}

function fits(service: ServiceStatus, query: string, show: Show): boolean {
  if (!service.name.toLowerCase().includes(query.trim().toLowerCase())) return false
  if (show === 'attention') return needsAttention(service)
  return show === 'all' || (service.rollout !== null && isOpen(service.rollout))
}

function summary(all: readonly ServiceStatus[]): string {
  const moving = all.filter(({ rollout }) => rollout !== null && isOpen(rollout)).length
  const attention = all.filter(needsAttention).length
  if (moving + attention === 0) return t('overview.calm', { count: all.length })
  return t('overview.count', { moving, count: all.length, attention })
}

function titleOf(all: readonly ServiceStatus[]): string {
  const attention = all.filter((service) => urgency(service) >= 3).length
  return attention === 0 ? 'Serin' : `(${attention}) Serin`
}

function walk(list: HTMLElement | null, way: 1 | -1): void {
  const links = [...(list?.querySelectorAll('a') ?? [])]
  const at = links.findIndex((each) => each === document.activeElement)
  links[Math.min(links.length - 1, Math.max(0, at + way))]?.focus()
}
