import { bandOf, limitOf, scaleOf } from '@serin/dashboard/pictures'
import type { Judgement, MetricReading, RolloutPoint } from '@serin/spec'
import { drawChart } from './chart.ts'
import { barText, differenceText, estimate, intervalText, nameOf } from './evidence.ts'
import { markOf } from './marks.ts'
import type { Paper } from './paper.ts'
import { clipLine, fitText, textWidth } from './text.ts'

/** Tiles shown at once, worst first. */
const shown = 6
const narrowest = 34
const gap = 3
/** Columns of the names of the lines. */
const label = 5

/** The evidence as tiles, worst first, as many beside each other as there is room for: the verdict, the difference and its band over time, both versions, and how far the evidence has come. */
export function tileLines(judgement: Judgement, trail: readonly RolloutPoint[], paper: Paper): readonly string[] {
  const readings = judgement.metrics.slice(0, shown)
  const across = Math.max(1, Math.min(readings.length, Math.floor((paper.width + gap) / (narrowest + gap))))
  const width = Math.min(56, Math.floor((paper.width - gap * (across - 1)) / across))
  const rows: (readonly MetricReading[])[] = []
  for (let i = 0; i < readings.length; i += across) rows.push(readings.slice(i, i + across))
  const rest = judgement.metrics.length - readings.length
  return [
    ...rows.flatMap((row, i) => [
      ...(i > 0 ? [''] : []),
      ...beside(
        row.map((reading) => tileOf(reading, trail, { ...paper, width })),
        width,
      ),
    ]),
    ...(rest > 0 ? [paper.ink('quiet', `… ${rest} more; "serin explain" shows them all`)] : []),
  ]
}

/** One metric by itself. */
function tileOf(reading: MetricReading, trail: readonly RolloutPoint[], paper: Paper): readonly string[] {
  const { width } = paper
  const mark = markOf(reading.verdict)
  const scale = scaleOf(reading)
  const points = bandOf(trail, reading.name, scale)
  const limit = limitOf(reading)
  const difference = differenceText(reading)
  const title = fitText(`${mark.sign} ${nameOf(reading)}: ${mark.word}`, width - textWidth(difference) - 1)
  const bounds = fitText(`canary ${estimate(reading, 'canary')}, stable ${estimate(reading, 'stable')}`, width)
  const { lines, sameRow, limitRow } = drawChart(points, {
    width: width - label,
    same: scale === 'ratio' ? 1 : 0,
    limit,
    paper,
  })
  const known = points.filter(({ low, high }) => low !== null || high !== null).length > 1
  return [
    `${paper.ink(mark.style, title)} ${paper.ink('strong', difference)}`,
    ...lines.map((line, row) => {
      const name = row === limitRow ? 'harm' : row === sameRow ? 'same' : ''
      return `${paper.ink('quiet', fitText(name, label))}${line}`
    }),
    bounds,
    paper.ink('quiet', fitText(known ? `band ${intervalText(reading)}` : 'the band is drawn as evidence comes', width)),
    paper.ink('quiet', fitText(`harm ${barText(reading.harm, 5)}  safe ${barText(reading.safety, 5)}`, width)),
  ]
}

/** Blocks of lines next to each other. */
function beside(blocks: readonly (readonly string[])[], width: number): readonly string[] {
  const height = Math.max(0, ...blocks.map((block) => block.length))
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((block, i) => {
        const line = clipLine(block[row] ?? '', width)
        return i === blocks.length - 1 ? line : `${line}${' '.repeat(Math.max(0, width - textWidth(line)))}`
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}
