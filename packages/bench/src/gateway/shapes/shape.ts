import type { BenchRequest } from '../../bench.ts'
import type { Load } from '../load/process.ts'
import type { OpenParties } from '../parties/open-parties.ts'
import type { Contender, Party } from '../parties/party.ts'
import type { Goal } from '../table.ts'

/** A proxy, or what else has a row, with a number for each column; null is what could not be measured. */
export interface ShapeRow {
  readonly name: string
  readonly values: readonly (number | null)[]
}

/** What was measured under one shape of load. */
export interface ShapeTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly ShapeRow[]
  /** Of which a part is missing, they are left out. */
  readonly goals: readonly Goal[]
  /** Anything but expected answers, a sentence each. */
  readonly wrong: readonly string[]
}

/** What a shape is measured with. */
export interface Stage extends Pick<BenchRequest, 'progress'> {
  readonly load: Load
  /** Shows that everything works, and no speeds. */
  readonly quick: boolean
  /** How much of the full measure is done, 0..1. */
  readonly effort: number
  /** Proxies that other shapes drive too. */
  readonly parties: OpenParties
  /** Why something is missing, in a sentence. */
  leaveOut(sentence: string): void
  /** Proxies that nobody has driven before, ended behind. A quick run takes those that are there. */
  fresh<Result>(contenders: readonly Contender[], use: (parties: readonly Party[]) => Promise<Result>): Promise<Result>
}

/** A shape of load that the gateway has a goal for. */
export interface Shape {
  readonly name: string
  measure(stage: Stage): Promise<readonly ShapeTable[]>
}

/** So many rounds, at least a few. */
export function roundsOf({ quick, effort }: Pick<Stage, 'quick' | 'effort'>, full: number): number {
  return quick ? 1 : Math.max(3, Math.round(full * effort))
}

/** A number as it is shown and kept, with so many digits behind the point; null where there is none. */
export function shown(value: number, digits: number): number | null {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : null
}

/** The number of a row, NaN where there is none. */
export function valueOf(rows: readonly ShapeRow[], name: string, column: number): number {
  return rows.find((row) => row.name === name)?.values[column] ?? Number.NaN
}
