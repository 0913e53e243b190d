import { bar } from './bar.ts'
import { progress } from './figures.ts'
import type { Paper } from './paper.ts'
import { cleanText, wrapText } from './text.ts'

/** A fact with its name, and the bar of its evidence where it has one. */
export type Row = readonly [
  label: string,
  text: string,
  evidence?: { readonly logE: number; readonly threshold: number },
]

const labelWidth = 10
const barWidth = 16

/** Facts under each other, their names in a column. */
export function rowLines(rows: readonly Row[], paper: Paper): readonly string[] {
  return rows.flatMap(([label, text, evidence]) => row(label, text, evidence, paper))
}

function row(label: string, text: string, evidence: Row[2], paper: Paper): readonly string[] {
  const drawn = evidence === undefined ? '' : drawBar(evidence)
  const [first = '', ...more] = wrapText(cleanText(text), paper.width - labelWidth - 2 - drawn.length)
  return [
    `  ${paper.ink('quiet', label.padEnd(labelWidth))}${drawn}${first}`,
    ...more.map((line) => ' '.repeat(labelWidth + 2) + line),
  ]
}

function drawBar(evidence: { readonly logE: number; readonly threshold: number }): string {
  const { filled, rest } = bar(progress(evidence), barWidth)
  return `${filled}${rest}  `
}
