import recorded from './recorded.json' with { type: 'json' }
import type { Decisions } from './decisions.ts'
import { cpuRatioOf } from './rows.ts'
import type { Row } from './rows.ts'

const regression = 0.1

/** The rows of the last run that was kept. */
export const recordedRows: readonly Row[] = recorded.rows

/** The decisions of the last run that was kept, in ns. */
export const recordedDecisions: Decisions = recorded

const named: readonly (readonly [keyof Decisions, string])[] = [
  ['decisionNs', 'A decision with 8 rules'],
  ['recordNs', 'A record'],
  ['stickyNs', 'A sticky decision'],
  ['httpDecisionNs', 'A decision with 8 rules in the full lane'],
  ['httpStickyNs', 'A sticky decision in the full lane'],
]

/** A sentence for each time that is more than 10 % above the recorded one. */
export function slowerThanRecorded(now: Decisions, before: Decisions = recordedDecisions): readonly string[] {
  return named
    .filter(([key]) => now[key] > before[key] * (1 + regression))
    .map(([key, what]) => {
      const percent = Math.round(100 * (now[key] / before[key] - 1))
      return `${what} takes ${now[key].toFixed(0)} ns, ${percent} % more than the recorded ${before[key].toFixed(0)}.`
    })
}

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
