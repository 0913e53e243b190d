import type { AssignmentExplained } from '@serin/spec'
import type { Paper } from './paper.ts'
import { rowLines, type Row } from './rows.ts'

/** Which version a request gets: one sentence, then what it was taken from. */
export function assignmentLines(
  { sentence, unit, placePercent, shares, by, rule, country, device, segments }: AssignmentExplained,
  paper: Paper,
): readonly string[] {
  const places = shares
    .map(({ version, fromPercent, toPercent }) => `${version} ${number(fromPercent)} to ${number(toPercent)} %`)
    .join(', ')
  const rows: Row[] = [
    ['by', by === 'rule' ? `rule ${rule ?? ''}` : by === 'override' ? 'override header' : 'hash'],
    ['unit', unit ?? 'none: drawn by chance'],
    ...(placePercent === null ? [] : [['place', `${number(placePercent)} %`] as const]),
    ['shares', places],
    ['country', country ?? 'unknown'],
    ['device', device],
    ...(segments.length === 0 ? [] : [['segments', segments.join(', ')] as const]),
  ]
  return [sentence, '', ...rowLines(rows, paper)]
}

function number(percent: number): string {
  return String(Number(percent.toFixed(4)))
}
