import type { MetricReading } from '@serin/spec'
import { useState } from 'preact/hooks'
import { clock } from '../figures.ts'
import { t } from '../live/preferences.ts'
import { limitOf, scaleOf, type Scale } from '../live/trail.ts'
import { layoutBand, type BandPoint } from './band-layout.ts'
import { onScale } from './reading-words.ts'

const [width, height] = [600, 150]

interface BandProps {
  readonly points: readonly BandPoint[]
  readonly reading: MetricReading
  readonly caption: string
}

/** A band as a picture. The arrow keys walk from point to point. */
export function Band({ points, reading, caption }: BandProps) {
  const [cursor, setCursor] = useState<number | null>(null)
  const limit = limitOf(reading)
  const scale = scaleOf(reading)
  const same = scale === 'ratio' ? 1 : 0
  const layout = layoutBand(points, { width, height, same, limit })
  const here = cursor === null ? undefined : layout.places[Math.min(cursor, layout.places.length - 1)]
  const last = layout.places.at(-1)
  // Two labels need room for three lines.
  const isCrowded = layout.limitY !== null && Math.abs(layout.limitY - layout.sameY) < height / 4
  const walk = (event: KeyboardEvent) => {
    const way = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (way === 0 || points.length === 0) return
    event.preventDefault()
    setCursor(Math.min(points.length - 1, Math.max(0, (cursor ?? points.length) + way)))
  }
  const point = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const box = event.currentTarget.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * width
    const near = layout.places.reduce(
      (best, each, i) => (Math.abs(each.x - x) < Math.abs((layout.places[best]?.x ?? 1e9) - x) ? i : best),
      0,
    )
    setCursor(near)
  }
  return (
    <div class="band plot">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={here === undefined ? caption : pointText(here.point, scale)}
        tabIndex={0}
        onKeyDown={walk}
        onPointerMove={point}
        onPointerLeave={() => setCursor(null)}
        onBlur={() => setCursor(null)}
      >
        {layout.steps.map(({ x, step }) => (
          <line key={`${step} ${x}`} class="turn" x1={x} x2={x} y1={0} y2={height} />
        ))}
        <path class="interval" d={layout.band} />
        <line class="same" x1={0} x2={width} y1={layout.sameY} y2={layout.sameY} />
        {layout.limitY === null ? null : <line class="limit" x1={0} x2={width} y1={layout.limitY} y2={layout.limitY} />}
        <path class="estimate" d={layout.line} />
        {here === undefined ? null : <line class="cursor" x1={here.x} x2={here.x} y1={0} y2={height} />}
      </svg>
      {last?.y == null ? null : <i class="dot" style={placed(last.x, last.y)} aria-hidden="true" />}
      {isCrowded ? null : (
        <span class="scale" style={placed(width, layout.sameY)} aria-hidden="true">
          {scale === 'ratio' ? '×1' : '0'}
        </span>
      )}
      {layout.limitY === null || limit === null ? null : (
        <span class="scale limit" style={placed(width, layout.limitY)} aria-hidden="true">
          {onScale(limit, scale)}
          <br />
          {t('tile.limit')}
        </span>
      )}
      {points.length < 2 ? <p class="quiet empty">{t('tile.collecting')}</p> : null}
      {here === undefined ? null : (
        <span class={`bubble ${here.x > width / 2 ? 'left' : ''}`} style={placed(here.x, 0)} aria-hidden="true">
          {pointText(here.point, scale)}
        </span>
      )}
    </div>
  )
}

function pointText({ at, value, low, high }: BandPoint, scale: Scale): string {
  const words = [low, high].map((each, i) => (each === null ? (i === 0 ? '−∞' : '∞') : onScale(each, scale)))
  return `${clock(at)}  ${value === null ? '–' : onScale(value, scale)}  [${words.join(', ')}]`
}

function placed(x: number, y: number): { readonly left: string; readonly top: string } {
  return { left: `${(x / width) * 100}%`, top: `${(y / height) * 100}%` }
}
