import type { Judgement, Rollout, SliceReading } from '@serin/spec'
import { count, odds, percent } from './figures.ts'
import { markOf } from './marks.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'
import { cleanText, wrapText } from './text.ts'

/** Values shown in an explanation, besides all that are flagged. */
const shown = 6

/** The slices of a rollout, worst first, under a title that says what they are worth; nothing where none are followed. */
export function sliceLines(rollout: Rollout, paper: Paper): readonly string[] {
  const slices = rollout.judgement?.slices ?? []
  if (slices.length === 0) return []
  const rows = slices.filter(({ flagged }, i) => flagged || i < shown)
  const inner = { ...paper, width: paper.width - 2 }
  const title = 'advice: no slice changes a verdict'
  return [
    `${paper.ink('strong', 'slices')}  ${title}`,
    ...table(columnsOf(rollout), rows, inner).map((line) => `  ${line}`),
  ]
}

/** One note when something is flagged; nothing else. */
export function sliceNote({ slices = [] }: Judgement, paper: Paper): readonly string[] {
  const [worst] = slices
  if (worst?.flagged !== true) return []
  const rest = slices.filter(({ flagged }) => flagged).length - 1
  const more = rest > 0 ? `, and ${rest} more` : ''
  const text = `worse on ${worst.slice} ${worst.value}: ${failures(worst.canary)} fail on canary, ${failures(worst.stable)} on stable${more}. Advice: to pause or abort is up to you.`
  const [first = '', ...others] = wrapText(`▲ ${cleanText(text)}`, paper.width)
  return [`${paper.ink('wait', first.slice(0, 1))}${first.slice(1)}`, ...others.map((line) => `  ${line}`)]
}

function columnsOf({ canary, stable }: Rollout): readonly Column<SliceReading>[] {
  return [
    {
      title: 'slice',
      text: ({ slice, value }) => `${slice} ${cleanText(value)}`,
      style: ({ flagged }) => (flagged ? 'harm' : undefined),
    },
    { title: canary, align: 'right', text: (reading) => failures(reading.canary) },
    { title: stable, align: 'right', drop: 2, text: (reading) => failures(reading.stable) },
    { title: 'evidence', align: 'right', drop: 1, text: ({ logE }) => odds(logE) },
    {
      title: '',
      text: ({ flagged }) => (flagged ? `${markOf('harmful').sign} worse` : ''),
      style: ({ flagged }) => (flagged ? 'harm' : undefined),
    },
  ]
}

function failures({ requests, errors }: SliceReading['canary']): string {
  return `${percent(requests === 0 ? null : (100 * errors) / requests)} of ${count(requests)}`
}
