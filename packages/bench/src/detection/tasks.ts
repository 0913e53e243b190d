import { coinRows, latencyRows, setRows, stickyRows, worldRows, type HarmlessRow } from './harmless-rows.ts'
import { harmlessWorlds } from './harmless-worlds.ts'
import type { Measure } from './runs.ts'
import { errorRow, lateRow, latencyRow, userRow, type ScenarioRow } from './scenario-rows.ts'
import { errorScenarios, latencyScenarios, lateScenarios, userScenarios } from './scenarios.ts'

/** What one piece of the measurement gave. */
export interface Piece {
  readonly scenarios: readonly ScenarioRow[]
  readonly harmless: readonly HarmlessRow[]
}

/** A piece of the measurement that needs no other: a scenario, or a harmless world. */
export interface Task {
  readonly name: string
  readonly perform: (measure: Measure) => Piece
}

function scenario(name: string, row: (measure: Measure) => ScenarioRow): Task {
  return { name, perform: (measure) => ({ scenarios: [row(measure)], harmless: [] }) }
}

function world(name: string, rows: (measure: Measure) => readonly HarmlessRow[]): Task {
  return { name, perform: (measure) => ({ scenarios: [], harmless: rows(measure) }) }
}

/** All pieces, in the order of the report. */
export const tasks: readonly Task[] = [
  ...errorScenarios.map((each) => scenario(each.id, (measure) => errorRow(each, measure))),
  ...latencyScenarios.map((each) => scenario(each.id, (measure) => latencyRow(each, measure))),
  ...lateScenarios.map((each) => scenario(each.id, (measure) => lateRow(each, measure))),
  ...userScenarios.map((each) => scenario(each.id, (measure) => userRow(each, measure))),
  ...harmlessWorlds.map((each) => world(each.id, (measure) => worldRows(each, measure))),
  ...userScenarios.slice(0, 1).map((each) => world('N8', (measure) => stickyRows(measure, each))),
  world('N-coins', coinRows),
  world('N-latency', (measure) => latencyRows(measure, 100)),
  world('N-faster', (measure) => latencyRows(measure, 90)),
  world('N-set', setRows),
]
