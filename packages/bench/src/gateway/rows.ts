import { medianOf } from '../stats-cost/timing.ts'
import type { FullRound, PacedRound } from './rounds.ts'

/** What a proxy costs; null is what could not be measured here. */
export interface Row {
  readonly name: string
  readonly rps: number
  readonly ratioToNginx: number | null
  readonly cpuUsPerRequest: number | null
  readonly addedP50Us: number | null
  readonly addedP99Us: number | null
  readonly rssMB: number | null
  /** Anything but the expected answer, in all rounds. */
  readonly errors: number
}

/** A proxy with what was seen of it. */
export interface Observed {
  readonly name: string
  readonly full: readonly FullRound[]
  readonly paced: readonly PacedRound[]
  readonly rssMB: number
}

/** Medians over the rounds, and each beside nginx. */
export function rowsOf(observed: readonly Observed[]): readonly Row[] {
  const nginx = observed.find(({ name }) => name === 'nginx')
  const nginxRps = nginx === undefined ? Number.NaN : medianOf(nginx.full.map(({ rps }) => rps))
  return observed.map(({ name, full, paced, rssMB }) => {
    const rps = medianOf(full.map((round) => round.rps))
    return {
      name,
      rps: Math.round(rps),
      ratioToNginx: known(rps / nginxRps, 1_000),
      cpuUsPerRequest: known(medianOf(full.map((round) => round.cpuUsPerRequest)), 10),
      addedP50Us: known(medianOf(paced.map((round) => round.addedP50Us)), 1),
      addedP99Us: known(medianOf(paced.map((round) => round.addedP99Us)), 1),
      rssMB: known(rssMB, 10),
      errors: [...full, ...paced].reduce((sum, { errors }) => sum + errors, 0),
    }
  })
}

/** CPU per request of nginx divided by this one's: the ratio that a busy machine hardly moves. */
export function cpuRatioOf(rows: readonly Pick<Row, 'name' | 'cpuUsPerRequest'>[], name: string): number | null {
  const [nginx, own] = ['nginx', name].map((each) => rows.find((row) => row.name === each)?.cpuUsPerRequest)
  return nginx === undefined || nginx === null || own === undefined || own === null ? null : nginx / own
}

function known(value: number, parts: number): number | null {
  return Number.isFinite(value) ? Math.round(value * parts) / parts : null
}
