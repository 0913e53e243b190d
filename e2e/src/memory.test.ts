/** Memory of control plane and gateway over many requests. `SERIN_SOAK_REQUESTS=1000000` is the long form (`npm run soak`). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openScene } from './harness/control-plane.ts'
import { serviceFile } from './harness/service-file.ts'
import { until } from './harness/until.ts'

const requests = Number(process.env['SERIN_SOAK_REQUESTS'] ?? 100_000)
/** What a process may grow by after its caches are warm, in MB. */
const allowedMb = 25
const file = serviceFile({ strategy: '{ kind: canary, steps: [{ weight: 50%, hold: 1h }] }' })

test(
  `memory stays flat over ${requests.toLocaleString('en')} requests in mid-rollout`,
  { timeout: 1_800_000 },
  async (t) => {
    await using scene = await openScene({ file, load: { rate: 300, users: 50_000, connections: 32 } })
    const { client, load, controlPlane, dataDirectory } = scene
    await client.release({ service: 'web', to: 'v2' })
    await until('canary to get traffic', async () => (await load.report()).byVersion['v2'] !== undefined)
    await load.change({ rate: 100_000 })
    const gateway: { pid: number } = JSON.parse(
      readFileSync(join(dataDirectory, 'services', 'web', 'gateway', 'gateway.json'), 'utf8'),
    )
    const rows: { readonly requests: number; readonly gateway: number; readonly controlPlane: number }[] = []
    for (let next = 0; ;) {
      const { answered } = await load.report()
      if (answered >= next) {
        rows.push({
          requests: answered,
          gateway: residentMb(gateway.pid),
          controlPlane: residentMb(controlPlane.pid),
        })
        next = answered + requests / 20
      }
      if (answered >= requests) break
      await sleep(200)
    }
    const counted = await load.stop()
    t.diagnostic(`requests | gateway MB | control plane MB`)
    for (const row of rows) t.diagnostic(`${row.requests} | ${row.gateway.toFixed(1)} | ${row.controlPlane.toFixed(1)}`)
    assert.deepEqual(counted.failures, [])
    // The first half warms the caches (50,000 users are known by then); from there on it must not grow.
    const warm = rows.slice(rows.length / 2, (rows.length * 3) / 4)
    const late = rows.slice((rows.length * 3) / 4)
    for (const part of ['gateway', 'controlPlane'] as const) {
      const grown = median(late.map((row) => row[part])) - median(warm.map((row) => row[part]))
      assert.ok(grown < allowedMb, `${part} grew by ${grown.toFixed(1)} MB`)
    }
  },
)

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1_024
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
