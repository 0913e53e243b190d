import { setTimeout as sleep } from 'node:timers/promises'
import { haproxy } from '../parties/haproxy.ts'
import { nginx } from '../parties/nginx.ts'
import { nodeHttp } from '../parties/node-proxies.ts'
import type { Party } from '../parties/party.ts'
import { serin, serinNet } from '../parties/serin.ts'
import { rssMBOf } from '../process-cost.ts'
import { stall } from './held.ts'
import { shown, valueOf } from './shape.ts'
import type { Shape, ShapeRow, Stage } from './shape.ts'

const readers = 20
const everyMs = 100

/** Clients that ask for much and stop reading: what a proxy keeps for them. */
export const stalled: Shape = {
  name: 'stalled',
  async measure(stage) {
    const bytes = stage.quick ? 2_000_000 : 50_000_000
    const wrong: string[] = []
    const rows = await stage.fresh([nginx, haproxy, serin, serinNet, nodeHttp], async (parties) => {
      const all: ShapeRow[] = []
      for (const [i, party] of parties.entries()) {
        stage.progress(party.name, i / parties.length)
        const { grownMB, errors } = await measureOne(stage, party, bytes)
        all.push({ name: party.name, values: [shown(grownMB, 1)] })
        if (errors > 0) wrong.push(`${party.name} gave ${errors} wrong answers beside or after readers that stalled.`)
      }
      return all
    })
    return [
      {
        title: `${readers} clients that stop reading an answer of ${bytes / 1_000_000} MB`,
        columns: ['RSS MB grown'],
        rows,
        goals: [[`MB for ${readers} stalled readers`, valueOf(rows, 'serin', 0), '≤', 8]],
        wrong,
      },
    ]
  },
}

async function measureOne(
  { load, quick }: Stage,
  { port, pid }: Party,
  bytes: number,
): Promise<{ readonly grownMB: number; readonly errors: number }> {
  // Long answers before: what a proxy needs to carry them at all is not what stalled readers cost.
  const warm = { connections: 4, ms: quick ? 20 : 500 }
  await load.drive(port, { ...warm, bytes: 1_048_576 })
  await load.drive(port, warm)
  await sleep(quick ? 10 : 500)
  const beforeMB = await rssMBOf(pid)
  const clients = await Promise.all(Array.from({ length: readers }, async (_, user) => await stall(port, user, bytes)))
  try {
    let mostMB = 0
    for (let looks = 0; looks < (quick ? 2 : 15); looks += 1) {
      await sleep(everyMs)
      mostMB = Math.max(mostMB, await rssMBOf(pid))
    }
    const others = await load.drive(port, { connections: 4, ms: 50 })
    const whole = await clients[0]?.read()
    return { grownMB: mostMB - beforeMB, errors: others.errors + (whole === true ? 0 : 1) }
  } finally {
    for (const client of clients) client.close()
  }
}
