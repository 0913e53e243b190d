import { bandOf, heightOf, layoutBand, layoutStairs, limitOf, observedAt, scaleOf } from '@serin/dashboard/pictures'
import type { MetricReading, RolloutPoint } from '@serin/spec'
import { weight } from '../view/figures.ts'
import { escapeHtml } from './escape.ts'
import type { Report } from './report.ts'

const [wide, high] = [1_000, 120]
const band = { width: 600, height: 140 } as const

/** The steps as a stair, with what was asked as its edge and what was observed as a dashed line. */
export function stairsSvg({ rollout, points }: Report): string {
  const stairs = layoutStairs(rollout, (step) => observedAt(points, step))
  const yOf = (height: number) => Math.round((high - 4 - height * (high - 24)) * 100) / 100
  const treads = stairs.map(({ left, right, height, state, weightBp, observed }) => {
    const [x, width, y] = [left * wide, (right - left) * wide, yOf(height)]
    return [
      `<rect class="tread ${state}" x="${x}" y="${y}" width="${width}" height="${high - y}"/>`,
      `<path class="asked" d="M${x} ${y}H${x + width}"/>`,
      ...(observed === null ? [] : [`<path class="observed" d="M${x + 3} ${yOf(observed)}H${x + width - 3}"/>`]),
      `<text x="${x + 6}" y="${y - 5}">${weight(weightBp)}${state === 'stopped' ? ', stopped here' : ''}</text>`,
    ].join('')
  })
  return picture(treads.join(''), { width: wide, height: high, says: 'The steps: asked and observed share.' })
}

/** The share over time: asked, and observed. */
export function sharesSvg({ points }: Report): string {
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0]
  if (last <= first) return ''
  const xOf = (at: number) => Math.round(((at - first) / (last - first)) * wide * 100) / 100
  const yOf = (percent: number) => Math.round((1 - heightOf(percent)) * (high - 8) * 100) / 100 + 4
  const asked = points.map(({ at, askedBp }, i) =>
    i === 0 ? `M${xOf(at)} ${yOf(askedBp / 100)}` : `H${xOf(at)}V${yOf(askedBp / 100)}`,
  )
  const seen = points.filter((point): point is RolloutPoint & { splitPercent: number } => point.splitPercent !== null)
  const split = seen.map(({ at, splitPercent }, i) => `${i === 0 ? 'M' : 'L'}${xOf(at)} ${yOf(splitPercent)}`)
  return picture(`<path class="asked" d="${asked.join('')}"/><path class="observed" d="${split.join('')}"/>`, {
    width: wide,
    height: high,
    says: 'The share of the new version over time: asked and observed.',
  })
}

/** What was known of a metric over time: the band, the estimate, no difference, and where the next step would call it harm. */
export function bandSvg({ points }: Report, reading: MetricReading): string {
  const scale = scaleOf(reading)
  const known = bandOf(points, reading.name, scale)
  if (known.length < 2) return ''
  const layout = layoutBand(known, { ...band, same: scale === 'ratio' ? 1 : 0, limit: limitOf(reading) })
  const level = (name: string, y: number, text: string) =>
    `<path class="${name}" d="M0 ${y}H${band.width}"/><text x="4" y="${Math.max(12, y - 4)}">${text}</text>`
  const parts = [
    ...layout.steps.map(({ x }) => `<path class="turn" d="M${x} 0V${band.height}"/>`),
    `<path class="interval" d="${layout.band}"/>`,
    level('same', layout.sameY, 'no difference'),
    layout.limitY === null ? '' : level('limit', layout.limitY, 'harm line'),
    `<path class="estimate" d="${layout.line}"/>`,
  ]
  return picture(parts.join(''), { ...band, says: reading.sentence })
}

function picture(
  inside: string,
  { width, height, says }: { readonly width: number; readonly height: number; readonly says: string },
): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(says)}">${inside}</svg>`
}
