import { setTimeout as sleep } from 'node:timers/promises'
import { medianOf } from '../../stats-cost/timing.ts'
import { haproxy } from '../parties/haproxy.ts'
import { connectionsHere } from '../parties/native.ts'
import { nginx } from '../parties/nginx.ts'
import { nodeHttp } from '../parties/node-proxies.ts'
import type { Party } from '../parties/party.ts'
import { serin, serinNet } from '../parties/serin.ts'
import { rssMBOf } from '../process-cost.ts'
import { holdIdle } from './held.ts'
import { shown, valueOf } from './shape.ts'
import type { Shape, Stage } from './shape.ts'

const contenders = [nginx, haproxy, serin, serinNet, nodeHttp]

interface Grown {
  readonly baseMB: number
  readonly perThousandMB: number
  readonly errors: number
}

/** Connections that are kept after one request each: what each of them weighs. */
export const idle: Shape = {
  name: 'idle',
  async measure(stage) {
    const connections = stage.quick ? 100 : Math.min(4_000, connectionsHere() - 100)
    const seen = new Map<string, Grown[]>()
    const rounds = stage.quick ? 1 : 2
    for (let round = 0; round < rounds; round += 1) {
      await stage.fresh(contenders, async (parties) => {
        for (const [i, party] of parties.entries()) {
          stage.progress(party.name, (round + i / parties.length) / rounds)
          const grown = await measureOne(stage, party, connections)
          seen.set(party.name, [...(seen.get(party.name) ?? []), grown])
        }
      })
    }
    const errors = [...seen].map(([name, all]) => [name, all.reduce((sum, one) => sum + one.errors, 0)] as const)
    const rows = [...seen].map(([name, all]) => ({
      name,
      values: [
        shown(medianOf(all.map(({ baseMB }) => baseMB)), 1),
        shown(medianOf(all.map(({ perThousandMB }) => perThousandMB)), 2),
      ],
    }))
    const ofSerin = valueOf(rows, 'serin', 1)
    return [
      {
        title: `${connections} idle connections after one request each`,
        columns: ['RSS MB before', 'MB per 1,000'],
        rows,
        goals: [
          ['MB per 1,000 idle connections', ofSerin, '≤', 1.8],
          ['of those of node:http', ofSerin / valueOf(rows, 'node:http', 1), '≤', 0.2],
          ['of those of HAProxy', ofSerin / valueOf(rows, 'haproxy', 1), '≤', 1.7],
        ],
        wrong: errors
          .filter(([, count]) => count > 0)
          .map(([name, count]) => `${name} lost ${count} idle connections, or answered wrongly.`),
      },
    ]
  },
}

async function measureOne({ load, quick }: Stage, { port, pid }: Party, connections: number): Promise<Grown> {
  const settleMs = quick ? 10 : 1_000
  await load.drive(port, { connections: 16, ms: quick ? 20 : 1_000 })
  await sleep(settleMs)
  const baseMB = await rssMBOf(pid)
  const held = await holdIdle(port, connections)
  try {
    await sleep(settleMs)
    return {
      baseMB,
      perThousandMB: (1_000 * ((await rssMBOf(pid)) - baseMB)) / connections,
      errors: held.errors,
    }
  } finally {
    held.close()
  }
}
