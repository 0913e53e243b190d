import type { MetricReading, RolloutPoint } from '@serin/spec'
import { useState } from 'preact/hooks'
import { clock, count, progress } from '../figures.ts'
import { markOf } from '../live/marks.ts'
import { t } from '../live/preferences.ts'
import { bandOf, scaleOf } from '../live/trail.ts'
import { Sign } from '../parts/sign.tsx'
import { Band } from './band.tsx'
import { bandText, differenceText, estimate, onScale, titleOf } from './reading-words.ts'

interface TileProps {
  readonly reading: MetricReading
  readonly trail: readonly RolloutPoint[]
  readonly onTrace: (reading: MetricReading) => void
}

/** What one metric says: the difference, its band as it narrows, the harm line, both versions, and how far the evidence has come. */
export function Tile({ reading, trail, onTrace }: TileProps) {
  const [asTable, setAsTable] = useState(false)
  const { name, role, verdict, counts } = reading
  const points = bandOf(trail, name, scaleOf(reading))
  const mark = markOf(verdict)
  const caption = t('tile.caption', {
    name: titleOf(reading),
    difference: differenceText(reading),
    band: bandText(reading),
    verdict: t(mark.word),
  })
  return (
    <article class={`card tile ${mark.tone}`} aria-label={titleOf(reading)}>
      <header>
        <h3>{titleOf(reading)}</h3>
        <Sign mark={mark} />
      </header>
      <button type="button" class="figure" onClick={() => onTrace(reading)} title={t('tile.how')}>
        <b>{differenceText(reading)}</b> <span class="quiet">{bandText(reading)}</span>
      </button>
      <figure>
        {asTable ? (
          <BandTable reading={reading} trail={trail} />
        ) : (
          <Band points={points} reading={reading} caption={caption} />
        )}
        <figcaption class="unseen">{caption}</figcaption>
      </figure>
      <dl class="arms">
        <Arm reading={reading} arm="canary" events={counts.canaryEvents} of={counts.canary} />
        <Arm reading={reading} arm="stable" events={counts.stableEvents} of={counts.stable} />
      </dl>
      <Meters reading={reading} />
      <footer>
        <span class="quiet">{role === 'guardrail' ? '' : t(`tile.role.${role}`)}</span>
        <button type="button" class="link" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? t('tile.picture') : t('tile.table')}
        </button>
      </footer>
    </article>
  )
}

interface ArmProps {
  readonly reading: MetricReading
  readonly arm: 'stable' | 'canary'
  readonly events: number
  readonly of: number
}

function Arm({ reading, arm, events, of }: ArmProps) {
  return (
    <div class={arm}>
      <dt>{t(`tile.${arm}`)}</dt>
      <dd>
        {estimate(reading, arm)} <small>{t('tile.of', { events: count(events), count: count(of) })}</small>
      </dd>
    </div>
  )
}

function Meters({ reading: { harm, safety } }: { readonly reading: MetricReading }) {
  return (
    <dl class="meters">
      <Meter word={t('tile.harm')} tone="harm" ratio={progress(harm)} />
      <Meter word={t('tile.safety')} tone="safe" ratio={progress(safety)} />
    </dl>
  )
}

function Meter({ word, tone, ratio }: { readonly word: string; readonly tone: string; readonly ratio: number }) {
  // Below its threshold it is never full.
  const whole = ratio >= 1 ? 100 : Math.min(99, Math.round(ratio * 100))
  return (
    <div>
      <dt>{word}</dt>
      <dd>
        <span class={`meter ${tone}`} aria-hidden="true">
          <i style={{ width: `${whole}%` }} />
        </span>
        {whole} %
      </dd>
    </div>
  )
}

function BandTable({ reading, trail }: { readonly reading: MetricReading; readonly trail: readonly RolloutPoint[] }) {
  const scale = scaleOf(reading)
  const rows = bandOf(trail, reading.name, scale)
  const every = Math.max(1, Math.ceil(rows.length / 40))
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={titleOf(reading)}>
      <table>
        <thead>
          <tr>
            {(['tile.time', 'tile.step', 'tile.difference', 'tile.low', 'tile.high'] as const).map((key) => (
              <th scope="col">{t(key)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows
            .filter((_row, i) => i % every === 0 || i === rows.length - 1)
            .reverse()
            .map(({ at, step, value, low, high }) => (
              <tr key={at}>
                <th scope="row">{clock(at)}</th>
                <td>{step === null ? '–' : step + 1}</td>
                <td>{value === null ? '–' : onScale(value, scale)}</td>
                <td>{low === null ? '−∞' : onScale(low, scale)}</td>
                <td>{high === null ? '+∞' : onScale(high, scale)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  )
}
