import type { HarmlessRow } from './harmless-rows.ts'
import type { RivalRow, ScenarioRow } from './scenario-rows.ts'

/** Columns as wide as their widest cell; the first `left` of them are texts. */
function aligned(rows: readonly (readonly string[])[], left: number): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

const ratio = (value: number | null | undefined): string => value?.toFixed(2) ?? '-'
const count = (value: number): string => value.toFixed(value < 100 ? 1 : 0)

/** A scenario a line: the bound, Serin's mean, and how near it is by which gate. */
export function scenarioLines(rows: readonly ScenarioRow[]): readonly string[] {
  const head = ['id', 'what', 'share', 'runs', 'bound', 'mean', '±', 'p95', 'k', 'gate', '/sprt', 'gate']
  const more = ['shipped k', 'gate', 'each second', 'exact k', 'no restarts', 'missed']
  const cells = rows.map((row) => [
    row.id,
    row.what,
    `${100 * row.share} %`,
    String(row.runs),
    ...[row.bound, row.mean, row.error, row.p95].map(count),
    ...[row.k, row.gate.one, row.sprtRatio, row.gate.sprt].map(ratio),
    ...[row.shipped?.k, row.gate.shipped, row.eachSecond?.k, row.exact?.k, row.withoutRestarts?.k].map(ratio),
    row.missed > 0 ? `${(100 * row.missed).toFixed(1)} %` : '-',
  ])
  return aligned([[...head, ...more], ...cells], 2)
}

/** What others need on the same requests: a rule a line, a scenario a column. */
export function rivalLines(rows: readonly ScenarioRow[]): readonly string[] {
  const played = rows.filter(({ rivals }) => rivals.length > 0)
  const methods = played[0]?.rivals.map(({ method }) => method) ?? []
  const own = ['Serin: one metric', ...played.map(({ mean }) => count(mean))]
  const cells = methods.map((method, i) => [method, ...played.map(({ rivals }) => rivalCell(rivals[i]))])
  return aligned([['rule', ...played.map(({ id }) => id)], own, ...cells], 1)
}

function rivalCell(row: RivalRow | undefined): string {
  if (row === undefined || row.mean === null) return '-'
  return row.missed > 0 ? `${count(row.mean)} (${(100 * row.missed).toFixed(0)} % missed)` : count(row.mean)
}

/** How often each method rolled a harmless canary back: a method a line, a world a column. */
export function harmlessLines(rows: readonly HarmlessRow[]): readonly string[] {
  const worlds = [...new Map(rows.map(({ id, what }) => [id, what]))]
  const methods = [...new Set(rows.map(({ method }) => method))]
  const cells = methods.map((method) => [
    method,
    ...worlds.map(([id]) => {
      const row = rows.find((each) => each.id === id && each.method === method)
      return row === undefined ? '' : row.rate.toFixed(3)
    }),
  ])
  const runs = worlds.map(([id]) => String(rows.find((each) => each.id === id)?.runs ?? 0))
  const legend = worlds.map(([id, what]) => `  ${id.padEnd(10)}${what}`)
  return [...aligned([['method', ...worlds.map(([id]) => id)], ['(runs)', ...runs], ...cells], 1), ...legend]
}
