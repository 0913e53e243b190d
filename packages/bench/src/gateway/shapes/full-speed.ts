import { medianOf } from '../../stats-cost/timing.ts'
import type { Drive } from '../load/drive.ts'
import type { Party } from '../parties/party.ts'
import { fullRound, inTurns } from '../rounds.ts'
import type { FullRound } from '../rounds.ts'
import { roundsOf, shown } from './shape.ts'
import type { ShapeRow, Stage } from './shape.ts'

/** How long proxies are driven as fast as they will go. */
export interface FullSpeed extends Omit<Drive, 'ms'> {
  readonly rounds: number
  readonly roundMs: number
  readonly warmMs: number
}

/** The columns of `fullSpeedRows`. */
export const fullSpeedColumns = ['rps', '× nginx', 'CPU µs', '× nginx', 'busy', 'errors'] as const

/** What was seen of proxies that were driven as fast as they will go. */
export interface FullSpeedSeen {
  readonly rows: readonly ShapeRow[]
  readonly wrong: readonly string[]
}

/** Drives proxies in turns; ratios are to the one that is named for each of them, that of CPU the other way round: more is better. */
export async function driveInTurns(
  { load, progress, ...stage }: Stage,
  parties: readonly Party[],
  { rounds, roundMs, warmMs, ...run }: FullSpeed,
  besides: (name: string) => string = () => 'nginx',
): Promise<FullSpeedSeen> {
  const turns = roundsOf(stage, rounds)
  const seen = parties.map((): FullRound[] => [])
  const how = stage.quick ? { ...run, connections: 4, ms: 60 } : { ...run, ms: roundMs }
  for (const party of parties) await load.drive(party.port, { ...how, ms: stage.quick ? 20 : warmMs })
  for (let round = 0; round < turns; round += 1) {
    await inTurns(round, parties, async (party, i) => {
      progress(party.name, round / turns)
      seen[i]?.push(await fullRound(load, party, how))
    })
  }
  const all = new Map(parties.map(({ name }, i) => [name, mediansOf(seen[i] ?? [])]))
  const rows = [...all].map(([name, { rps, cpuUs, busy, errors }]) => {
    const other = all.get(besides(name))
    const [times, cheaper] = [rps / (other?.rps ?? Number.NaN), (other?.cpuUs ?? Number.NaN) / cpuUs]
    const values = [shown(rps, 0), shown(times, 3), shown(cpuUs, 1), shown(cheaper, 3), shown(busy, 2), errors]
    return { name, values }
  })
  return { rows, wrong: wrongOf(all) }
}

interface Medians {
  readonly rps: number
  readonly cpuUs: number
  readonly busy: number
  readonly errors: number
}

function mediansOf(rounds: readonly FullRound[]): Medians {
  return {
    rps: medianOf(rounds.map(({ rps }) => rps)),
    cpuUs: medianOf(rounds.map(({ cpuUsPerRequest }) => cpuUsPerRequest)),
    busy: medianOf(rounds.map(({ busy }) => busy)),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function wrongOf(all: ReadonlyMap<string, Medians>): readonly string[] {
  return [...all]
    .filter(([, { errors }]) => errors > 0)
    .map(([name, { errors }]) => `${name} gave ${errors} wrong answers.`)
}
