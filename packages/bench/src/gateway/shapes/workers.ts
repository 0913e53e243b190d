import { nginx, nginxTwoWorkers } from '../parties/nginx.ts'
import { serin, serinTwoWorkers } from '../parties/serin.ts'
import { driveInTurns, fullSpeedColumns } from './full-speed.ts'
import { valueOf } from './shape.ts'
import type { Shape } from './shape.ts'

const connections = 128

/** One worker beside one, two beside two, on a machine whose load and upstreams take their part of it. */
export const workers: Shape = {
  name: 'workers',
  async measure(stage) {
    const parties = await stage.parties.these([nginx, serin, nginxTwoWorkers, serinTwoWorkers])
    const speed = { rounds: 7, roundMs: 1_000, warmMs: 1_500, connections }
    const { rows, wrong } = await driveInTurns(stage, parties, speed, (name) =>
      name.endsWith('2-workers') ? nginxTwoWorkers.name : nginx.name,
    )
    return [
      {
        title: `Workers, ${connections} connections, answers of 13 bytes; each beside nginx with as many`,
        columns: fullSpeedColumns,
        rows,
        goals: [
          ['throughput of nginx, one worker beside one', valueOf(rows, 'serin', 1), '≥', 1.1],
          // Whoever measures such a row finds its goal here.
          ['throughput of nginx, pipelining', valueOf(rows, 'serin-pipelining', 1), '≥', 1.9],
          ['throughput of nginx, two workers beside two', valueOf(rows, 'serin-2-workers', 1), '≥', 1.1],
        ],
        wrong,
      },
    ]
  },
}
