import type { OutcomeSummary, Simulation } from '@serin/spec'
import { count, duration, figure, percent, weight } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { Sign } from '../parts/sign.tsx'
import { endOf, outcomeMark, worldTitle } from './simulation-words.ts'
import { layoutEnds, layoutShares } from './simulation-layout.ts'

const frame = { width: 1000, height: 100 }

/** What the releases of one world show: how they ended with the interval of each share, canary’s share and the ends over time, and whom it hurt. */
export function Simulated(props: { readonly simulation: Simulation; readonly onTrace: () => void }) {
  const { simulation, onTrace } = props
  const { world, requestsPerSecond, errorPercent, seeds, notes } = simulation
  const title = worldTitle(world)
  return (
    <article class="card simulated" aria-label={title.name}>
      <header class="card-head">
        <h3>{title.name}</h3>
        <button type="button" class="link" onClick={onTrace}>
          {t('tile.how')}
        </button>
      </header>
      <p class="quiet">
        {title.about}{' '}
        {t('sim.with', {
          seeds: count(seeds),
          rate: figure(requestsPerSecond),
          errors: percent(errorPercent),
        })}
      </p>
      <Outcomes simulation={simulation} />
      <div class="pair">
        <Shares simulation={simulation} />
        <Ends simulation={simulation} />
      </div>
      {notes.map((note) => (
        <p class="quiet" lang="en" key={note}>
          {note}
        </p>
      ))}
    </article>
  )
}

function Outcomes({ simulation }: { readonly simulation: Simulation }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={t('sim.outcomes')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('sim.outcome')}</th>
            <th scope="col">{t('sim.share')}</th>
            {(['half', 'most', 'users', 'requests', 'extra'] as const).map((key) => (
              <th scope="col" key={key}>
                {t(`sim.${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {simulation.outcomes.map((row) => (
            <Outcome key={`${row.outcome} ${row.reason ?? ''}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Outcome({ row }: { readonly row: OutcomeSummary }) {
  const { atMs, exposedUsers, canaryRequests, excessFailures, excessFailuresP90 } = row
  const time = (ms: number) => duration(ms, language.value)
  return (
    <tr>
      <th scope="row">
        <Sign mark={outcomeMark(row.outcome)} alone /> {endOf(row)}
      </th>
      <td class="share">
        <Whisker row={row} />
        {percent(100 * row.ratio)} <small class="quiet">{rangeOf(row)}</small>
      </td>
      <td>{time(atMs.median)}</td>
      <td>{time(atMs.p90)}</td>
      <td>{exposedUsers === null ? '–' : count(exposedUsers)}</td>
      <td>{count(canaryRequests)}</td>
      <td>
        {count(excessFailures)} <small class="quiet">{t('sim.upTo', { count: count(excessFailuresP90) })}</small>
      </td>
    </tr>
  )
}

/** A share from nothing to all, and the interval in which it is. */
function Whisker({ row: { ratio, low, high, outcome } }: { readonly row: OutcomeSummary }) {
  const { tone } = outcomeMark(outcome)
  return (
    <span class={`whisker tone-${tone}`} aria-hidden="true">
      <i style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />
      <b style={{ left: `${100 * ratio}%` }} />
    </span>
  )
}

function rangeOf({ low, high }: OutcomeSummary): string {
  return t('sim.range', { low: percent(100 * low), high: percent(100 * high) })
}

function Shares({ simulation }: { readonly simulation: Simulation }) {
  const { bands, canary } = simulation
  const { area, median } = layoutShares(bands, frame)
  return (
    <figure>
      <div class="band">
        <svg viewBox={`0 0 ${frame.width} ${frame.height}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="interval" d={area} />
          <path class="estimate" d={median} />
        </svg>
        <span class="scale" aria-hidden="true">
          {weight(10_000)}
        </span>
      </div>
      <Axis simulation={simulation} />
      <figcaption class="quiet">
        <i class="key canary" aria-hidden="true" /> {t('sim.shares', { canary })}
      </figcaption>
    </figure>
  )
}

function Ends({ simulation }: { readonly simulation: Simulation }) {
  const { promoted, held, rolledBack } = layoutEnds(simulation.ended, frame)
  return (
    <figure>
      <div class="band">
        <svg viewBox={`0 0 ${frame.width} ${frame.height}`} preserveAspectRatio="none" class="ends" aria-hidden="true">
          <path class="safe" d={promoted} />
          <path class="wait" d={held} />
          <path class="harm" d={rolledBack} />
        </svg>
      </div>
      <Axis simulation={simulation} />
      <figcaption class="quiet">
        {t('sim.ends')} <i class="key end-safe" aria-hidden="true" /> {t('phase.promoted')}{' '}
        <i class="key end-wait" aria-hidden="true" /> {t('phase.holding')} <i class="key end-harm" aria-hidden="true" />{' '}
        {t('phase.rolled-back')}
      </figcaption>
    </figure>
  )
}

function Axis({ simulation: { bands } }: { readonly simulation: Simulation }) {
  return (
    <p class="axis quiet" aria-hidden="true">
      <span>0</span>
      <span>{duration(bands.at(-1)?.atMs ?? 0, language.value)}</span>
    </p>
  )
}
