import type { MetricReading, ServiceStatus, VersionStatus } from '@serin/spec'
import { useState } from 'preact/hooks'
import { estimate } from '../evidence/reading-words.ts'
import { count, figure, latency, mebibytes, percent, weight } from '../figures.ts'
import { t } from '../live/preferences.ts'
import type { WordKey } from '../words/en.ts'
import { Source } from './source.tsx'

const rows: readonly (readonly [WordKey, (version: VersionStatus) => string])[] = [
  ['versions.asked', ({ askedBp }) => weight(askedBp)],
  ['versions.observed', ({ splitPercent }) => percent(splitPercent)],
  ['versions.success', ({ live }) => percent(live.successPercent)],
  ['versions.p50', ({ live }) => latency(live.p50Ms)],
  ['versions.p95', ({ live }) => latency(live.p95Ms)],
  ['versions.p99', ({ live }) => latency(live.p99Ms)],
  ['versions.throughput', ({ live }) => figure(live.requestsPerSecond)],
  ['versions.inFlight', ({ inFlight }) => count(inFlight)],
  ['versions.cpu', ({ replicas }) => sum(replicas, 'cpuPercent', percent)],
  ['versions.memory', ({ replicas }) => sum(replicas, 'memoryBytes', mebibytes)],
  [
    'versions.replicas',
    ({ replicas }) => `${replicas.filter(({ state }) => state === 'ready').length} / ${replicas.length}`,
  ],
]

/** The versions that run, side by side. */
export function Versions({ service }: { readonly service: ServiceStatus }) {
  const [open, setOpen] = useState(false)
  const shown = service.versions.filter(({ role, replicas }) => role !== 'idle' || replicas.length > 0)
  const sorted = [...shown].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role))
  const metrics = service.rollout?.judgement?.metrics.filter(({ kind }) => isOfAnswers(kind)) ?? []
  return (
    <section aria-labelledby="versions-title" class="card">
      <div class="card-head">
        <h2 id="versions-title">{t('versions.title')}</h2>
        <button type="button" class="link" onClick={() => setOpen(true)}>
          {t('tile.how')}
        </button>
      </div>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="versions-title">
        <table class="versions-table">
          <thead>
            <tr>
              <th scope="col">{t('versions.figure')}</th>
              {sorted.map(({ name, role }) => (
                <th scope="col" class={role}>
                  <i class={`key ${role}`} aria-hidden="true" /> {name} <small>{t(`versions.role.${role}`)}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([word, value]) => (
              <tr>
                <th scope="row">{t(word)}</th>
                {sorted.map((version) => (
                  <td>{value(version)}</td>
                ))}
              </tr>
            ))}
            {metrics.map((reading) => (
              <tr>
                <th scope="row">{reading.name}</th>
                {sorted.map((version) => (
                  <td>{meanOf(service, version, reading)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {open ? (
        <Source
          title={t('versions.title')}
          rows={sources}
          line={`serin get versions ${service.name} -o wide`}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </section>
  )
}

/** What is not counted by the gateway for every version, but measured of answers, or told by somebody: quality, satisfaction, how a model speaks. */
function isOfAnswers(kind: MetricReading['kind']): boolean {
  return kind === 'observation' || kind === 'generation'
}

/** What a version does by a metric of the rollout; each challenger is judged by itself. */
function meanOf({ rollout, stable }: ServiceStatus, { name }: VersionStatus, reading: MetricReading): string {
  if (rollout === null) return '–'
  if (name === stable) return estimate(reading, 'stable')
  if (name === rollout.canary) return estimate(reading, 'canary')
  const rival = rollout.rivals.find(({ version }) => version === name)
  const own = rival?.judgement?.metrics.find((metric) => metric.name === reading.name)
  return own === undefined ? '–' : estimate(own, 'canary')
}

const sources = [
  ['versions.observed', 'source.observed'],
  ['versions.success', 'source.success'],
  ['versions.p95', 'source.latency'],
  ['versions.throughput', 'source.throughput'],
  ['versions.cpu', 'source.replicas'],
  ['tile.metric', 'source.observations'],
  ['versions.answers', 'source.generation'],
] as const

const order: readonly VersionStatus['role'][] = ['stable', 'canary', 'warm', 'idle']

function sum(
  replicas: VersionStatus['replicas'],
  field: 'cpuPercent' | 'memoryBytes',
  words: (value: number | null) => string,
): string {
  const known = replicas.flatMap((replica) => replica[field] ?? [])
  return words(known.length === 0 ? null : known.reduce((all, each) => all + each, 0))
}
