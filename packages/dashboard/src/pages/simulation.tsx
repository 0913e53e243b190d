import { simulationLimits, worldNames, type ServiceStatus, type SimulationJob, type WorldName } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { Simulated } from '../evidence/simulated.tsx'
import { simulationLine, worldTitle } from '../evidence/simulation-words.ts'
import { count } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { t } from '../live/preferences.ts'
import { client, freshness, may, me } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { Source } from '../parts/source.tsx'

const pollMs = 700
const usual: readonly WorldName[] = ['healthy', 'errors-doubled']

/** A release tried many times in modelled worlds: what to try, how far it is, and what it shows. Nothing starts. */
export function Simulation({ service, to }: { readonly service: ServiceStatus; readonly to: string }) {
  const [job, setJob] = useJob(service.name, to)
  const cancel = () => {
    if (job !== null) client.value.cancelSimulation({ simulation: job.id }).then(setJob).catch(tell)
  }
  return (
    <section aria-labelledby="simulation-title" class="simulation">
      <h2 id="simulation-title">{t('sim.title')}</h2>
      <p class="quiet">{t('sim.intro')}</p>
      <Wanted key={service.name} service={service} to={to} busy={job?.state === 'running'} onBegun={setJob} />
      <p role="status" class="row progress">
        {job === null ? null : <Progress job={job} onCancel={cancel} />}
      </p>
      {job === null ? null : <Results job={job} />}
    </section>
  )
}

/** The latest simulation of this release, followed while it runs. */
function useJob(service: string, to: string) {
  const [job, setJob] = useState<SimulationJob | null>(null)
  const isLive = freshness.value === 'live'
  useEffect(() => {
    setJob(null)
    if (!isLive) return
    client.value
      .listSimulations({ service })
      .then(({ simulations }) => setJob(simulations.find(({ canary }) => canary === to) ?? null))
      .catch(tell)
  }, [service, to, isLive])
  useEffect(() => {
    if (job?.state !== 'running') return
    const timer = setTimeout(() => {
      client.value.getSimulation({ simulation: job.id }).then(setJob).catch(tell)
    }, pollMs)
    return () => clearTimeout(timer)
  }, [job])
  return [job, setJob] as const
}

interface WantedProps {
  readonly service: ServiceStatus
  readonly to: string
  readonly busy: boolean
  readonly onBegun: (job: SimulationJob) => void
}

function Wanted({ service, to, busy, onBegun }: WantedProps) {
  const seen = service.versions.find(({ name }) => name === service.stable)?.live
  const [worlds, setWorlds] = useState(usual)
  const [seeds, setSeeds] = useState('30')
  const [rate, setRate] = useState(rounded(seen?.requestsPerSecond))
  const [errors, setErrors] = useState(rounded(seen?.successPercent == null ? undefined : 100 - seen.successPercent))
  const isReady = !busy && worlds.length > 0 && may('simulate')
  const begin = (event: Event) => {
    event.preventDefault()
    if (!isReady) return
    const asked = {
      worlds: [...worlds],
      seeds: Number(seeds),
      requestsPerSecond: rate === '' ? undefined : Number(rate),
      errorPercent: errors === '' ? undefined : Number(errors),
    }
    client.value
      .simulate({ service: service.name, to, ...asked })
      .then(onBegun)
      .catch(tell)
  }
  const change = (world: WorldName, wanted: boolean) =>
    setWorlds(worldNames.filter((each) => (each === world ? wanted : worlds.includes(each))))
  return (
    <form class="card wanted" onSubmit={begin}>
      <fieldset>
        <legend>{t('sim.worlds')}</legend>
        {worldNames.map((world) => (
          <label key={world} title={worldTitle(world).about}>
            <input
              type="checkbox"
              checked={worlds.includes(world)}
              onChange={(event) => change(world, event.currentTarget.checked)}
            />
            {worldTitle(world).name}
          </label>
        ))}
      </fieldset>
      <div class="row">
        <NumberField
          word={t('sim.seeds')}
          value={seeds}
          set={setSeeds}
          most={simulationLimits.seeds}
          min={1}
          required
        />
        <NumberField word={t('sim.rate')} value={rate} set={setRate} most={1_000_000} min={0.001} step="any" />
        <NumberField word={t('sim.errors')} value={errors} set={setErrors} most={50} min={0} step="any" />
        <button type="submit" class="primary" aria-disabled={!isReady} aria-describedby="simulate-why-not">
          {t('sim.begin')}
        </button>
      </div>
      <p class="why-not" id="simulate-why-not">
        {may('simulate') ? t('sim.empty') : t('do.mayNot', { role: me.value?.role ?? '–', needed: 'operator' })}
      </p>
    </form>
  )
}

interface NumberFieldProps {
  readonly word: string
  readonly value: string
  readonly set: (value: string) => void
  readonly min: number
  readonly most: number
  readonly step?: string
  readonly required?: boolean
}

function NumberField({ word, value, set, min, most, step = '1', required = false }: NumberFieldProps) {
  return (
    <label class="field">
      {word}
      <input
        type="number"
        value={value}
        min={min}
        max={most}
        step={step}
        required={required}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  )
}

function Progress({ job, onCancel }: { readonly job: SimulationJob; readonly onCancel: () => void }) {
  const { state, done, of, by, failure } = job
  const gaps = { done: count(done), of: count(of), by }
  if (state !== 'running')
    return (
      <span class={state === 'failed' ? 'tone-harm' : 'quiet'}>
        {t(`sim.state.${state}`, gaps)} {failure === null ? null : <span lang="en">{failure}</span>}
      </span>
    )
  return (
    <>
      <progress max={of} value={done} aria-label={t('sim.title')} />
      <span>{t('sim.state.running', gaps)}</span>
      <button type="button" onClick={onCancel} aria-disabled={!may('cancelSimulation')}>
        {t('do.cancel')}
      </button>
    </>
  )
}

const sources = [
  ['sim.share', 'sim.source.share'],
  ['sim.half', 'sim.source.time'],
  ['sim.users', 'sim.source.users'],
  ['sim.extra', 'sim.source.extra'],
  ['trace.method', 'sim.source.method'],
  ['trace.missing', 'sim.source.missing'],
] as const

function Results({ job }: { readonly job: SimulationJob }) {
  const [traced, setTraced] = useState<string | null>(null)
  return (
    <>
      {job.simulations.map((simulation) => (
        <Simulated key={simulation.world} simulation={simulation} onTrace={() => setTraced(simulation.world)} />
      ))}
      {job.simulations.map(({ world }, i) => (
        <Command key={world} line={simulationLine(job, world)} {...(i === 0 ? {} : { title: '' })} />
      ))}
      {traced === null ? null : (
        <Source
          title={worldTitle(traced).name}
          rows={sources}
          line={simulationLine(job, traced)}
          onClose={() => setTraced(null)}
        />
      )}
    </>
  )
}

/** What was observed, as somebody would type it; nothing when nothing was. */
function rounded(value: number | undefined): string {
  return value === undefined || !(value > 0) ? '' : String(Number(value.toPrecision(2)))
}
