import type { Simulation } from '@serin/simulate'
import { formatDuration, type OutcomeSummary } from '@serin/spec'
import { count, figure, plural, weight } from './figures.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'
import { wrapText } from './text.ts'

/** What simulated releases show, for a terminal: how they ended, and canary's share over time. */
export function simulationLines(simulation: Simulation, paper: Paper): readonly string[] {
  const { partial, seeds, asked } = simulation
  const stopped = `▲ Stopped after ${count(seeds)} of ${count(asked)} releases; all below is of those ${count(seeds)}.`
  return [
    ...(partial ? wrapText(stopped, paper.width).map((line) => paper.ink('wait', line)) : []),
    ...wrapText(headline(simulation), paper.width),
    '',
    ...table(columnsOf(simulation), simulation.outcomes, paper),
    '',
    ...chartLines(simulation, paper),
    '',
    ...sentencesOf(simulation).flatMap((sentence) => wrapText(sentence, paper.width)),
  ]
}

function headline(simulation: Simulation): string {
  const { service, stable, canary, strategy, seeds, seed, world, requestsPerSecond } = simulation
  return `${service}: ${stable} → ${canary} (${strategy}), released ${seeds === 1 ? 'once' : `${count(seeds)} times`} in the world "${world}" at ${figure(requestsPerSecond)} requests per second, seed ${seed}.`
}

const wholePercent = (ratio: number): string => `${Number((100 * ratio).toFixed(1))} %`

/** Two units at most: a simulation is no timetable. */
function rough(ms: number): string {
  const unit = ms >= 86_400_000 ? 3_600_000 : ms >= 600_000 ? 60_000 : 1_000
  return formatDuration(Math.max(unit, Math.round(ms / unit) * unit))
}

function columnsOf({ usersFollowed }: Simulation): readonly Column<OutcomeSummary>[] {
  const number = (title: string, of: (row: OutcomeSummary) => number, drop?: number) => ({
    title,
    align: 'right' as const,
    text: (row: OutcomeSummary) => count(of(row)),
    ...(drop === undefined ? {} : { drop }),
  })
  return [
    {
      title: 'outcome',
      text: ({ outcome, reason }) => (reason === null ? outcome : `${outcome} (${reason})`),
      style: ({ outcome }) => (outcome === 'promoted' ? 'safe' : outcome === 'rolled-back' ? 'harm' : 'wait'),
    },
    number('runs', ({ runs }) => runs),
    { title: 'share', align: 'right', text: ({ ratio }) => wholePercent(ratio) },
    {
      title: '95 % interval',
      align: 'right',
      text: ({ low, high }) => `${wholePercent(low)} – ${wholePercent(high)}`,
      drop: 3,
    },
    { title: 'median', align: 'right', text: ({ atMs }) => rough(atMs.median) },
    { title: '90 %', align: 'right', text: ({ atMs }) => rough(atMs.p90), drop: 2 },
    ...(usersFollowed ? [number('users', ({ exposedUsers }) => exposedUsers ?? 0)] : []),
    number('requests', ({ canaryRequests }) => canaryRequests, 4),
    number('failures', ({ failedRequests }) => failedRequests, 5),
    number('extra', ({ excessFailures }) => excessFailures),
  ]
}

/** Rows of the chart: the shares there are, at most ten. */
const mostRows = 10

/** Canary's share over time: the median of all releases, and where eight in ten of them are. */
function chartLines({ bands }: Simulation, paper: Paper): readonly string[] {
  const shares = [...new Set([0, 10_000, ...bands.flatMap(({ low, median, high }) => [low, median, high])])].sort(
    (a, b) => a - b,
  )
  const every = Math.ceil(shares.length / mostRows)
  const rows = shares.filter((_, i) => i % every === 0 || i === shares.length - 1)
  const label = 8
  const width = Math.max(10, Math.min(bands.length, paper.width - label - 2))
  const columns = Array.from({ length: width }, (_, i) => bands[Math.floor((i * bands.length) / width)])
  const rowOf = (share: number) => rows.findLastIndex((row) => row <= share)
  const lines = rows.map((share, row) => {
    const marks = columns.map((band) => {
      if (band === undefined) return ' '
      if (rowOf(band.median) === row) return '█'
      return rowOf(band.low) <= row && row <= rowOf(band.high) ? '░' : ' '
    })
    return `${weight(share).padStart(label)} ${paper.ink('canary', marks.join('').trimEnd())}`.trimEnd()
  })
  const end = rough(bands.at(-1)?.atMs ?? 0)
  return [...lines.toReversed(), `${' '.repeat(label)} 0${end.padStart(width - 1)}`]
}

function sentencesOf({ shares, seeds, outcomes, notes, canary }: Simulation): readonly string[] {
  const { promoted, 'rolled-back': back } = shares
  const between = ({ low, high }: typeof promoted) => `${wholePercent(low)} to ${wholePercent(high)}`
  const first = outcomes.find(({ outcome }) => outcome === 'rolled-back')
  return [
    `█ is the median share of ${canary}, ░ where eight in ten releases are.`,
    `Promoted in ${count(promoted.runs)} of ${plural(seeds, 'release')} (${between(promoted)} with 95 % confidence), rolled back in ${count(back.runs)} (${between(back)}).`,
    ...(first === undefined
      ? []
      : [
          `When it goes back it has answered ${plural(first.canaryRequests, 'request')} in the median, of which ${count(first.excessFailures)} failed that would not have failed on stable.`,
        ]),
    ...notes,
  ]
}
