import recorded from './recorded.json' with { type: 'json' }
import { cpuRatioOf } from './rows.ts'
import type { Row } from './rows.ts'

const regression = 0.1

/** The rows of the last run that was kept. */
export const recordedRows: readonly Row[] = recorded.rows

/** What is compared with the last run that was kept. */
export type Compared = Pick<Row, 'name' | 'ratioToNginx' | 'cpuUsPerRequest'>

/** A sentence for each ratio of Serin to nginx that is more than 10 % below the recorded one. */
export function regressionsOf(
  rows: readonly Compared[],
  before: readonly Compared[] = recordedRows,
): readonly string[] {
  return rows
    .filter(({ name }) => name.startsWith('serin'))
    .flatMap(({ name, ratioToNginx }) => {
      const old = before.find((row) => row.name === name)?.ratioToNginx ?? null
      return [
        ...sentence(`${name} has`, 'the throughput of nginx', [ratioToNginx, old]),
        ...sentence(`${name} does`, 'the requests of nginx with the same CPU', [
          cpuRatioOf(rows, name),
          cpuRatioOf(before, name),
        ]),
      ]
    })
}

function sentence(
  subject: string,
  object: string,
  [now, before]: readonly [number | null, number | null],
): readonly string[] {
  if (now === null || before === null || now >= before * (1 - regression)) return []
  const percent = Math.round(100 * (1 - now / before))
  return [`${subject} ${now.toFixed(2)} times ${object}, ${percent} % less than the recorded ${before.toFixed(2)}.`]
}
