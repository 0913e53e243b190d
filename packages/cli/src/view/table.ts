import type { Paper, Style } from './paper.ts'
import { cutText, fitText, textWidth } from './text.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly align?: 'left' | 'right'
  readonly text: (row: Row) => string
  readonly style?: (row: Row) => Style | undefined
  /** Left out where there is no room, the highest first; without it the column always stays. */
  readonly drop?: number
}

const gap = 2

/** Rows as aligned lines under upper-case titles. When they do not fit the paper, columns that may be dropped go, then the widest give way. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paper: Paper): readonly string[] {
  const droppable = columns.filter(({ drop }) => drop !== undefined).toSorted((a, b) => (b.drop ?? 0) - (a.drop ?? 0))
  let kept = columns
  while (paper.cuts && droppable.length > 0 && widthOf(kept, rows) > paper.width) {
    const gone = droppable.shift()
    kept = kept.filter((column) => column !== gone)
  }
  return aligned(kept, rows, paper)
}

function widthOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number {
  return widthsOf(columns, rows).reduce((sum, width) => sum + width, gap * (columns.length - 1))
}

function widthsOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number[] {
  return columns.map(({ title, text }) => Math.max(textWidth(title), ...rows.map((row) => textWidth(text(row)))))
}

function aligned<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paper: Paper): readonly string[] {
  const texts = rows.map((row) => columns.map((column) => column.text(row)))
  const widths = widthsOf(columns, rows)
  if (paper.cuts) shrink(widths, paper.width - gap * (columns.length - 1))
  const line = (cells: readonly string[], styleOf: (column: Column<Row>) => Style | undefined) =>
    columns
      .map((column, c) => {
        const isLast = c === columns.length - 1 && column.align !== 'right'
        const text = isLast
          ? cutText(cells[c] ?? '', widths[c] ?? 0)
          : fitText(cells[c] ?? '', widths[c] ?? 0, column.align)
        const style = styleOf(column)
        return style === undefined ? text : paper.ink(style, text)
      })
      .join(' '.repeat(gap))
      .trimEnd()
  return [
    line(
      columns.map((column) => column.title.toUpperCase()),
      () => 'quiet',
    ),
    ...rows.map((row, r) => line(texts[r] ?? [], (column) => column.style?.(row))),
  ]
}

/** Takes columns away from the widest until all fit; none becomes narrower than six. */
function shrink(widths: number[], room: number): void {
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over -= 1) {
    const widest = widths.indexOf(Math.max(...widths))
    if ((widths[widest] ?? 0) <= 6) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}
