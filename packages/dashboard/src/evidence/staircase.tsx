import type { Rollout, RolloutPoint, ServiceStatus } from '@serin/spec'
import { useState } from 'preact/hooks'
import { duration, percent, weight } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { isOpen } from '../live/marks.ts'
import { observedAt } from '../live/trail.ts'
import { Source } from '../parts/source.tsx'
import { heightOf, layoutStairs, type Stair } from './stairs-layout.ts'
import { nextOf } from './next.ts'

const height = 120
const mostLabels = 12

interface StairProps {
  readonly rollout: Rollout
  readonly trail: readonly RolloutPoint[]
  /** What is observed now; null when nobody knows. */
  readonly splitPercent: number | null
  readonly freeze?: ServiceStatus['freeze']
}

/** The steps as a stair: where it is, what is asked and what is observed, and what comes next. */
export function Staircase({ rollout, trail, splitPercent }: StairProps) {
  const observed = (step: number) => (step === rollout.step ? splitPercent : observedAt(trail, step))
  const stairs = layoutStairs(rollout, observed)
  const gap = splitPercent !== null && isOpen(rollout) && isApart(rollout.inForceBp ?? rollout.askedBp, splitPercent)
  return (
    <section aria-labelledby="stairs-title" class="card stairs">
      <div class="stairs-head">
        <h2 id="stairs-title">{t('stairs.title')}</h2>
        <p class="next">
          <span class="quiet">{t('stairs.next')}</span> {nextText(rollout)}
        </p>
      </div>
      <figure>
        <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" aria-hidden="true" class="stair-picture">
          {stairs.map((stair) => (
            <Tread key={stair.index} stair={stair} />
          ))}
          <path class="asked" d={edgeOf(stairs)} />
          {stairs.map(({ index, observed: y, left, right }) =>
            y === null ? null : (
              <path key={index} class="observed" d={`M${left * 1000 + 3} ${yOf(y)}H${right * 1000 - 3}`} />
            ),
          )}
        </svg>
        <ol class="stair-labels" style={{ gridTemplateColumns: `repeat(${stairs.length}, minmax(0, 1fr))` }}>
          {stairs.map((stair) => (
            <Label key={stair.index} stair={stair} rollout={rollout} many={stairs.length > mostLabels} />
          ))}
        </ol>
        <figcaption>
          <Facts rollout={rollout} splitPercent={splitPercent} />
          {gap ? <p class="tone-wait">▲ {t('stairs.gap')}</p> : null}
        </figcaption>
      </figure>
    </section>
  )
}

/** What is asked, what the router says, and what is counted; each says where it comes from. */
function Facts({ rollout, splitPercent }: { readonly rollout: Rollout; readonly splitPercent: number | null }) {
  const [open, setOpen] = useState(false)
  const facts = [
    ['asked', weight(rollout.askedBp)],
    ...(isOpen(rollout)
      ? ([
          ['inForce', weight(rollout.inForceBp)],
          ['observed', percent(splitPercent)],
        ] as const)
      : []),
  ] as const
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>
              {name === 'inForce' ? null : <i class={`key ${name}`} aria-hidden="true" />} {t(`stairs.${name}`)}
            </dt>
            <dd>
              <button type="button" class="figure" title={t('tile.how')} onClick={() => setOpen(true)}>
                {value}
              </button>
            </dd>
          </div>
        ))}
      </dl>
      {open ? (
        <Source
          title={t('source.weights')}
          rows={[
            ['stairs.asked', 'source.asked'],
            ['stairs.inForce', 'source.inForce'],
            ['stairs.observed', 'source.observed'],
          ]}
          line={`serin status ${rollout.service}`}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  )
}

function Tread({ stair: { left, right, height: top, state } }: { readonly stair: Stair }) {
  const y = yOf(top)
  return <rect class={`tread ${state}`} x={left * 1000} y={y} width={(right - left) * 1000} height={height - y} />
}

function Label({ stair, rollout, many }: { stair: Stair; rollout: Rollout; many: boolean }) {
  const step = rollout.steps[stair.index]
  const isHere = stair.state === 'now' || stair.state === 'stopped'
  const waits = step?.gates?.map(({ name }) => name).join(', ') ?? (step?.pause === true ? t('stairs.waits') : '')
  const hold = step === undefined || step.holdMs === 0 ? '' : duration(step.holdMs, language.value)
  return (
    <li class={stair.state} aria-current={isHere ? 'step' : undefined}>
      <span class={many && !isHere ? 'unseen' : ''}>
        <b>{weight(stair.weightBp)}</b>
        <span class="unseen"> {t(`stairs.state.${stair.state}`)} </span>
        <span class="quiet note">
          {isHere ? t(`stairs.state.${stair.state}`) : (step?.name ?? (waits === '' ? hold : waits))}
        </span>
      </span>
    </li>
  )
}

function edgeOf(stairs: readonly Stair[]): string {
  return stairs
    .map(({ left, right, height: top }, i) => `${i === 0 ? 'M' : 'L'}${left * 1000} ${yOf(top)}H${right * 1000}`)
    .join('')
}

function yOf(top: number): number {
  return Math.round((height - 4 - top * (height - 12)) * 100) / 100
}

/** Whether a split is so far from its weight that a person should see it; chance alone makes small gaps. */
function isApart(askedBp: number, splitPercent: number): boolean {
  return Math.abs(heightOf(askedBp / 100) - heightOf(splitPercent)) > 0.12
}

function nextText(rollout: Rollout): string {
  const { key, gaps, likelyMs } = nextOf(rollout, language.value)
  const likely = likelyMs === null ? '' : `, ${t('stairs.nextLikely', { time: duration(likelyMs, language.value) })}`
  return `${t(key, gaps)}${likely}`
}
