import { layoutBand, type BandFrame, type BandPoint } from '@serin/dashboard/pictures'
import type { Paper, Style } from './paper.ts'

/** Rows of a chart; each has three heights. */
const chartRows = 3
const heights = ['▔', '━', '▁'] as const

interface Cell {
  readonly sign: string
  readonly style: Style | null
}

const empty: Cell = { sign: ' ', style: null }
const band: Cell = { sign: '░', style: 'quiet' }
const same: Cell = { sign: '┈', style: 'quiet' }
const limit: Cell = { sign: '╌', style: 'harm' }
const turn: Cell = { sign: '┊', style: 'quiet' }

/** A band in rows of characters. */
interface Chart {
  readonly lines: readonly string[]
  /** The rows of the two lines it is read against. */
  readonly sameRow: number
  readonly limitRow: number | null
}

/** Draws a band over time: the interval shaded, the estimate a line in it, the two lines it is read against, and where a step began. */
export function drawChart(
  points: readonly BandPoint[],
  { width, same: sameAt, limit: limitAt, paper }: Omit<BandFrame, 'height'> & { readonly paper: Paper },
): Chart {
  const layout = layoutBand(points, { width, height: 1, same: sameAt, limit: limitAt })
  const { from, to, places, steps } = layout
  const all = chartRows * heights.length
  const levelOf = (value: number) => Math.min(all - 1, Math.max(0, Math.floor(((to - value) / (to - from)) * all)))
  const sameRow = rowOf(levelOf(sameAt))
  const limitRow = limitAt === null ? null : rowOf(levelOf(limitAt))
  const turns = new Set(steps.map(({ x }) => Math.min(width - 1, Math.floor(x))))
  const columns = Array.from(
    { length: width },
    (_, column) => places.findLast(({ x }) => x <= column + 0.999)?.point ?? null,
  )
  const lines = Array.from({ length: chartRows }, (_, row) => {
    const cells = columns.map((point, column): Cell => {
      const value = point?.value ?? null
      const at = value === null ? null : levelOf(value)
      if (at !== null && rowOf(at) === row) return { sign: heights[at % heights.length] ?? '━', style: 'strong' }
      const isBand = point !== null && covers(point, row, levelOf)
      // A line through the band leaves every other column to it.
      const isThrough = isBand && column % 2 === 1
      if (limitRow === row && !isThrough) return limit
      if (sameRow === row && !isThrough) return same
      if (turns.has(column) && !isThrough) return turn
      return isBand ? band : empty
    })
    return inked(cells, paper)
  })
  return { lines, sameRow, limitRow }
}

function rowOf(level: number): number {
  return Math.floor(level / heights.length)
}

/** Whether the interval goes through the middle of a row. Nothing is known where both bounds are open. */
function covers({ low, high }: BandPoint, row: number, levelOf: (value: number) => number): boolean {
  if (low === null && high === null) return false
  const middle = row * heights.length + 1
  return (high === null || levelOf(high) <= middle) && (low === null || levelOf(low) >= middle)
}

/** Neighbours of one style are painted together. */
function inked(cells: readonly Cell[], paper: Paper): string {
  const runs: { text: string; style: Style | null }[] = []
  for (const { sign, style } of cells) {
    const last = runs.at(-1)
    if (last?.style === style) last.text += sign
    else runs.push({ text: sign, style })
  }
  return runs.map(({ text, style }) => (style === null ? text : paper.ink(style, text))).join('')
}
