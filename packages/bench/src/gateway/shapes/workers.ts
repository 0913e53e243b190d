import { nginx, nginxTwoWorkers } from '../parties/nginx.ts'
import { serin, serinPipelining, serinTwoWorkers } from '../parties/serin.ts'
import { driveInTurns, fullSpeedColumns } from './full-speed.ts'
import { valueOf } from './shape.ts'
import type { Goal } from '../table.ts'
import type { Shape, ShapeRow } from './shape.ts'

const connections = 128

/** One worker beside one, also with requests that go together, two beside two, on a machine whose load and upstreams take their part of it. */
export const workers: Shape = {
  name: 'workers',
  async measure(stage) {
    const parties = await stage.parties.these([nginx, serin, serinPipelining, nginxTwoWorkers, serinTwoWorkers])
    const speed = { rounds: 6, roundMs: 1_000, warmMs: 3_000, connections }
    const { rows, wrong } = await driveInTurns(stage, parties, speed, (name) =>
      name.endsWith('2-workers') ? nginxTwoWorkers.name : nginx.name,
    )
    return [
      {
        title: `Workers, ${connections} connections, answers of 13 bytes; each beside nginx with as many`,
        columns: fullSpeedColumns,
        rows,
        goals: goalsOf(rows),
        wrong,
      },
    ]
  },
}

/** Where the load is the limit, throughput says little and CPU per request all. */
function goalsOf(rows: readonly ShapeRow[]): readonly Goal[] {
  return [
    [serin.name, 'one worker beside one', 1.1] as const,
    [serinPipelining.name, 'requests going together', 1.9] as const,
    [serinTwoWorkers.name, 'two workers beside two', 1.1] as const,
  ].flatMap(([name, what, goal]) => [
    [`throughput of nginx, ${what}`, valueOf(rows, name, 1), '≥', goal] as const,
    [`requests of nginx with the same CPU, ${what}`, valueOf(rows, name, 3), '≥', goal] as const,
  ])
}
