import type { JournalLine } from '@serin/sdk'
import type { Judgement, MetricReading, Rollout, RolloutPoint, ServiceStatus } from '@serin/spec'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Replay } from '../evidence/replay.tsx'
import { Staircase } from '../evidence/staircase.tsx'
import { Strip } from '../evidence/strip.tsx'
import { Tile } from '../evidence/tile.tsx'
import { TraceOf } from '../evidence/trace.tsx'
import { isAbout, toldLines } from '../live/told.ts'
import { rolloutMark, serviceMark, worstFirst, isOpen } from '../live/marks.ts'
import { language, t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import type { Part } from '../live/said.ts'
import { client, followTrail, freshness, journal, services, trails } from '../live/state.ts'
import { asItWas, joined } from '../live/trail.ts'
import { tell } from '../live/connect.ts'
import { Actions } from '../parts/actions.tsx'
import { Command } from '../parts/command.tsx'
import { Events } from '../parts/events.tsx'
import { showInTab } from '../parts/tab.ts'
import { Sign } from '../parts/sign.tsx'
import { Said } from '../parts/said.tsx'
import { headlineOf, serviceSentence } from '../parts/sentence.ts'
import { Versions } from '../parts/versions.tsx'
import { isWord } from '../words/say.ts'
import { addressOf } from '../places.ts'

const tilesShown = 6

/** A service: its rollout under way, or the last one, or that there was none. */
export function ServicePage({ name }: { readonly name: string }) {
  const service = services.value.get(name)
  if (service === undefined) return <Missing text={t('service.none', { name })} />
  if (service.rollout !== null) return <View service={service} rollout={service.rollout} at={null} />
  return (
    <>
      <div class="first">
        <p class="kicker">{name}</p>
        {service.trouble.map((each) => (
          <p key={each} class="tone-harm trouble" lang="en">
            ■ {each}
          </p>
        ))}
        <Sentence
          first={{ text: serviceSentence(service), lang: language.value }}
          rest={[]}
          mark={<Sign mark={serviceMark(service)} alone />}
        />
      </div>
      <p class="row">
        <PlanLink service={name} />
      </p>
      <Beside service={service} />
      <Command line={`serin status ${name}`} />
    </>
  )
}

/** One rollout: live while it is the latest of its service, as a record after that; at a moment of it when the address names one. */
export function RolloutPage({ id, at }: { readonly id: string; readonly at: number | null }) {
  const service = [...services.value.values()].find(({ rollout }) => rollout?.id === id)
  const past = usePast(id, service === undefined)
  if (service?.rollout != null) return <View rollout={service.rollout} service={service} at={at} />
  if (past === undefined) return <p class="quiet">{t('loading')}</p>
  return past === null ? <Missing text={t('rollout.none', { name: id })} /> : <View rollout={past} at={at} />
}

interface ViewProps {
  readonly rollout: Rollout
  /** Its service, while it is the latest rollout of it. */
  readonly service?: ServiceStatus
  readonly at: number | null
}

function View({ rollout: latest, service, at }: ViewProps) {
  const whole = useTrail(latest.id)
  const trail = at === null ? whole : whole.filter((point) => point.at <= at)
  const rollout = at === null ? latest : asItWas(latest, whole, at)
  const live = service?.versions.find(({ name }) => name === rollout.canary)?.splitPercent ?? null
  const split = at === null ? live : (trail.at(-1)?.splitPercent ?? null)
  useEffect(() => showInTab(rollout), [rollout])
  const isNow = at === null && service !== undefined
  const isLive = at === null && isOpen(latest)
  return (
    <>
      {at === null ? null : (
        <p class="past" role="status">
          {t('replay.past')}
        </p>
      )}
      {service === undefined ? <Later rollout={latest} /> : null}
      <First rollout={rollout} service={isNow ? service : undefined} />
      <div class="where">
        <Staircase rollout={rollout} trail={trail} splitPercent={isOpen(rollout) ? split : null} />
        <Last rollout={rollout} at={at} />
      </div>
      {isLive ? null : <ReplayOf rollout={latest} trail={whole} at={at} />}
      <Tiles rollout={rollout} trail={trail} />
      {isNow ? (
        <>
          <Beside service={service}>{isLive ? <ReplayOf rollout={latest} trail={whole} at={at} /> : null}</Beside>
        </>
      ) : null}
      <Announcer text={`${t(rolloutMark(latest).word)}. ${t(`phase.${latest.phase}`)}`} />
    </>
  )
}

function First({ rollout, service }: { readonly rollout: Rollout; readonly service: ServiceStatus | undefined }) {
  return (
    <div class="first">
      <p class="kicker">
        <a href={addressOf({ page: 'service', service: rollout.service })}>{rollout.service}</a>{' '}
        <span>{t('rollout.versions', { stable: rollout.stable, canary: rollout.canary })}</span>{' '}
        <span class="quiet">{t('rollout.kind', { strategy: rollout.strategy, number: rollout.number })}</span>{' '}
        {rollout.attempt > 1 ? <span class="quiet">{t('rollout.again', { attempt: rollout.attempt })}</span> : null}{' '}
        <span class="quiet">{reasonText(rollout)}</span>{' '}
        {isOpen(rollout) ? null : <PlanLink service={rollout.service} />}
      </p>
      <Sentence {...headlineOf(rollout)} mark={<Sign mark={rolloutMark(rollout)} />} />
      {service?.trouble.map((each) => (
        <p class="tone-harm trouble" lang="en">
          ■ {each}
        </p>
      ))}
      {service?.freeze == null ? null : <p class="tone-wait">▲ {t('service.frozen', service.freeze)}</p>}
      {service === undefined || service.queue.length === 0 ? null : (
        <p class="quiet">{t('service.queue', { versions: service.queue.join(', ') })}</p>
      )}
      {service === undefined ? null : <Actions rollout={rollout} />}
    </div>
  )
}

/** Of a rollout that is not the latest of its service: which one is. */
function Later({ rollout: { service } }: { readonly rollout: Rollout }) {
  const latest = services.value.get(service)?.rollout?.id
  return latest === undefined ? null : (
    <p class="quiet">
      {t('rollout.older', { service })} <a href={addressOf({ page: 'rollout', rollout: latest, at: null })}>{latest}</a>
    </p>
  )
}

/** Why it is held or over, in the language of the page where that knows it. */
function reasonText({ reason, by }: Rollout): string {
  if (reason === null) return ''
  const word = `reason.${reason}`
  return isWord(word) ? t(word, { by: by ?? '' }) : reason
}

function PlanLink({ service }: { readonly service: string }) {
  return <a href={addressOf({ page: 'plan', service, to: null })}>{t('plan.link')}</a>
}

/** The versions side by side, and the traffic they get. */
function Beside(props: { readonly service: ServiceStatus; readonly children?: ComponentChildren }) {
  return (
    <div class="beside">
      <Versions service={props.service} />
      <div class="stack">
        <Strip service={props.service} />
        {props.children}
      </div>
    </div>
  )
}

function ReplayOf(props: {
  readonly rollout: Rollout
  readonly trail: readonly RolloutPoint[]
  readonly at: number | null
}) {
  const { id } = props.rollout
  return <Replay {...props} onAt={(at) => go({ page: 'rollout', rollout: id, at }, { instead: true })} />
}

interface SentenceProps {
  readonly first: Part
  readonly rest: readonly Part[]
  readonly mark: ComponentChildren
}

/** The answer in large type; what a long one goes on to say stands below it. */
function Sentence({ first, rest, mark }: SentenceProps) {
  return (
    <>
      <h1 class="verdict">
        {mark} <Said parts={[first]} />
      </h1>
      {rest.length === 0 ? null : (
        <p class="rest">
          <Said parts={rest} />
        </p>
      )}
    </>
  )
}

function Tiles({ rollout, trail }: { readonly rollout: Rollout; readonly trail: readonly RolloutPoint[] }) {
  const [traced, setTraced] = useState<MetricReading | null>(null)
  const [more, setMore] = useState(false)
  const metrics = worstFirst(rollout.judgement?.metrics ?? [])
  const shown = more ? metrics : metrics.slice(0, tilesShown)
  return (
    <section aria-labelledby="tiles-title">
      <div class="tiles-head">
        <h2 id="tiles-title">{t('tiles.title')}</h2>
        {isOpen(rollout) && rollout.judgement !== null ? <Health health={rollout.judgement.health} /> : null}
      </div>
      {metrics.length === 0 ? <p class="quiet">{t('tiles.none')}</p> : null}
      <div class="tiles">
        {shown.map((reading) => (
          <Tile key={reading.name} reading={reading} trail={trail} onTrace={setTraced} />
        ))}
      </div>
      {metrics.length > shown.length ? (
        <button type="button" onClick={() => setMore(true)}>
          {t('tiles.more', { count: metrics.length - shown.length })}
        </button>
      ) : null}
      {traced === null ? null : <TraceOf reading={traced} rollout={rollout} onClose={() => setTraced(null)} />}
    </section>
  )
}

/** Whether there is evidence at all: no evidence is a verdict too. */
function Health({ health }: { readonly health: Judgement['health'] }) {
  return health === 'ok' ? (
    <span class="quiet">{t('health.ok')}</span>
  ) : (
    <span class="tone-wait">▲ {t(`health.${health}`)}</span>
  )
}

function Last({ rollout, at }: { readonly rollout: Rollout; readonly at: number | null }) {
  const all = useLines(rollout)
  const told = toldLines(all)
  const lines = at === null ? told : told.filter((line) => line.at <= at)
  return (
    <section aria-labelledby="events-title" class="card happened">
      <h2 id="events-title">{t('events.title')}</h2>
      <Events lines={lines.slice(-3).reverse()} among={all} />
      <p>
        <a href={addressOf({ page: 'journal', query: rollout.service })}>{t('events.all')}</a>
      </p>
      <Command line={`serin status ${rollout.service} -w`} />
    </section>
  )
}

/** Tells those who listen when the verdict or the phase changes, and of nothing else. */
function Announcer({ text }: { readonly text: string }) {
  const before = useRef(text)
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (before.current === text) return
    before.current = text
    setSaid(text)
  }, [text])
  return (
    <p class="unseen" aria-live="polite">
      {said}
    </p>
  )
}

function Missing({ text }: { readonly text: string }) {
  return freshness.value === 'connecting' ? <p class="quiet">{t('loading')}</p> : <h1 class="verdict">{text}</h1>
}

/** What was seen of a rollout: what the control plane kept, and what this page has seen since. */
function useTrail(id: string): readonly RolloutPoint[] {
  const isLive = freshness.value === 'live'
  useEffect(() => followTrail(id), [id])
  useEffect(() => {
    if (!isLive) return
    client.value
      .getHistory({ rollout: id })
      .then(({ points }) => (trails.value = new Map(trails.value).set(id, joined(points, trails.value.get(id) ?? []))))
      .catch(tell)
  }, [id, isLive])
  return trails.value.get(id) ?? []
}

/** The lines about a rollout and its service: those that came live, or, of one that is long over, those of its own stream. */
function useLines({ id, service, endedAt }: Rollout): readonly JournalLine[] {
  const [own, setOwn] = useState<readonly JournalLine[]>([])
  const isOld = endedAt !== null && endedAt < (journal.value[0]?.at ?? 0)
  useEffect(() => {
    if (!isOld) return
    client.value
      .journal({ stream: `rollout/${id}`, limit: 1_000 })
      .then(({ entries }) => setOwn(entries))
      .catch(tell)
  }, [id, isOld])
  const until = endedAt === null || services.value.get(service)?.rollout?.id === id ? Infinity : endedAt + 1_000
  return isOld ? own : journal.value.filter((line) => isAbout(line, service) && line.at <= until)
}

/** A rollout that is not the latest of its service: undefined while it is asked for, null when there is none. */
function usePast(id: string, wanted: boolean): Rollout | null | undefined {
  const [past, setPast] = useState<Rollout | null | undefined>(undefined)
  useEffect(() => {
    if (!wanted) return
    client.value
      .getRollout({ rollout: id })
      .then(setPast)
      .catch((error: unknown) => {
        setPast(null)
        tell(error)
      })
  }, [id, wanted])
  return past
}
