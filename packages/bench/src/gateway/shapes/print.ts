import { judged } from '../table.ts'
import type { ShapeTable } from './shape.ts'

/** A table for people, with a line for each of its goals. */
export function linesOf({ title, columns, rows, goals }: ShapeTable, withGoals: boolean): readonly string[] {
  const texts = rows.map(({ name, values }) => [name, ...values.map(textOf)])
  const line = ([name = '', ...rest]: readonly string[]): string =>
    `  ${name.padEnd(20)}${rest.map((cell, i) => cell.padStart(Math.max(9, (columns[i] ?? '').length + 2))).join('')}`
  return [title, '', line(['', ...columns]), ...texts.map(line), '', ...(withGoals ? [...judged(goals), ''] : [])]
}

function textOf(value: number | null): string {
  return value === null ? '–' : String(value)
}
