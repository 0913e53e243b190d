/**
 * A version that serves gets more copies and fewer: nobody notices. The number is changed by applying the file again, under requests on kept connections,
 * slow ones, bodies, streams and WebSockets among them; and a control plane that is killed right after a change goes on with it.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Client } from '@serin/sdk'
import { openScene, type Scene } from './harness/control-plane.ts'
import { startMixedLoad } from './harness/mixed-load.ts'
import { serviceFile } from './harness/service-file.ts'
import { until } from './harness/until.ts'

/** It ends at once: that nothing is lost is for Serin to see to. */
const program = fileURLToPath(new URL('harness/rude-upstream.ts', import.meta.url))

const fileWith = (replicas: number): string =>
  serviceFile({
    program,
    replicas,
    strategy: '{ kind: canary, steps: [{ weight: 50%, pause: true }] }',
    more: '    drain: 20s\n',
  })

test('replicas 2 → 5 → 1 → 3 under load: no request fails, who stays is not touched, and no more run than are wanted', async (t) => {
  await using scene = await openScene({ file: fileWith(2), load: { rate: 150 } })
  const { client, load, controlPlane, dataDirectory } = scene
  const { address } = await client.getService({ service: 'web' })
  assert.ok(address !== null)
  await using mixed = await startMixedLoad(address, ['get', 'post', 'lines', 'events', 'session'])
  const two = replicaPids(dataDirectory)
  assert.equal(two.length, 2)

  await scale(scene, client, 5)
  const five = replicaPids(dataDirectory)
  assert.deepEqual(
    two.filter((pid) => !five.includes(pid)),
    [],
    'those that ran go on',
  )
  await traffic(mixed)

  await scale(scene, client, 1)
  const [last] = replicaPids(dataDirectory)
  assert.ok(last !== undefined && two.includes(last), 'one of the oldest stays')
  await traffic(mixed)

  await scale(scene, client, 3)
  assert.ok(replicaPids(dataDirectory).includes(last))
  await traffic(mixed)

  // The change is durable, and perhaps half done.
  await client.applyFile({ text: fileWith(1), baseDirectory: dataDirectory })
  await controlPlane.kill()
  const next = await controlPlane.start()
  await settled(scene, next, 1)
  assert.deepEqual(replicaPids(dataDirectory), [last])

  const counted = await mixed.stop()
  const plain = await load.stop()
  t.diagnostic(`whole: ${JSON.stringify(counted.whole)}, ${plain.answered} plain requests`)
  assert.deepEqual([...counted.failures, ...plain.failures], [])
  assert.equal(counted.failed + plain.failed, 0)
  assert.deepEqual(counted.whole, counted.begun)
  const { entries } = await next.journal({ stream: 'service/web', newest: 'true', limit: 1_000 })
  assert.deepEqual(
    entries.filter(({ kind }) => kind === 'version.cut-off'),
    [],
  )
})

async function scale(scene: Scene, client: Client, replicas: number): Promise<void> {
  await client.applyFile({ text: fileWith(replicas), baseDirectory: scene.dataDirectory })
  await settled(scene, client, replicas)
}

/** Waits until so many are ready, nobody else is there, and says that none was started again. */
async function settled({ dataDirectory }: Scene, client: Client, count: number): Promise<void> {
  const replicas = await until(`${count} replicas`, async () => {
    const { versions } = await client.getService({ service: 'web' })
    const { replicas: now = [] } = versions.find(({ name }) => name === 'v1') ?? {}
    const done = now.length === count && now.every(({ state }) => state === 'ready')
    return done && replicaPids(dataDirectory).length === count ? now : null
  })
  assert.deepEqual(
    replicas.map(({ restarts }) => restarts),
    replicas.map(() => 0),
  )
}

/** Waits for a while of traffic of all kinds. */
async function traffic(mixed: Awaited<ReturnType<typeof startMixedLoad>>): Promise<void> {
  const before = await mixed.report()
  await until('traffic', async () => {
    const { whole } = await mixed.report()
    return whole.lines - before.whole.lines > 10 && whole.get - before.whole.get > 50
  })
}

/** Processes of the version, whoever knows of them: they run in the directory of the file. */
function replicaPids(dataDirectory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const runsThere = readlinkSync(`/proc/${name}/cwd`) === dataDirectory
        return runsThere && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(program)
      } catch {
        return false // It ended meanwhile, or is somebody else's.
      }
    })
    .map(Number)
}
