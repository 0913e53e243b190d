/**
 * What happens to open requests when their version is really stopped: whatever ends within `drain` ends whole, whatever takes longer is cut at
 * that limit and counted where people look. And a control plane that is killed in the middle of all this changes nothing of it.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@serin/sdk'
import type { Rollout } from '@serin/spec'
import { unlessLong } from './harness/long-form.ts'
import { openScene, rolloutEnd } from './harness/control-plane.ts'
import { startMixedLoad } from './harness/mixed-load.ts'
import { serviceFile } from './harness/service-file.ts'
import { streamUpstream } from './harness/stream-upstreams.ts'
import { until } from './harness/until.ts'

const drainMs = 4_000
const rounds = 4
const file = serviceFile({
  program: streamUpstream,
  workload: '      stopWithin: 1s\n',
  strategy: '{ kind: canary, steps: [{ weight: 50%, pause: true }] }',
  more: `    keepWarm: 0s\n    drain: ${drainMs}ms\n`,
})

test(
  'a version that goes waits for open streams as long as drain says; what is cut is counted',
  { skip: unlessLong },
  async (t) => {
    await using scene = await openScene({ file, load: { rate: 200 } })
    const { client, load, controlPlane, dataDirectory } = scene
    const { address } = await client.getService({ service: 'web' })
    assert.ok(address !== null)
    // None of these takes longer than the drain time.
    await using mixed = await startMixedLoad(address, ['get', 'post', 'lines', 'events', 'session'])

    const socket = new WebSocket(address.replace('http', 'ws'))
    await once(socket, 'open')
    let socketClosed = false
    socket.addEventListener('close', () => (socketClosed = true))
    const long = await openStream(address, 600_000)
    const short = await openStream(address, 50)
    await client.release({ service: 'web', to: 'v2' })
    const { endedAt } = await finish(client)
    assert.equal(await short.ended, 'whole', 'a stream that ends in time is not cut')
    assert.equal(await long.ended, 'cut')
    assert.ok(endedAt !== null && Date.now() - endedAt >= drainMs, 'not before its time')
    await until('the WebSocket to be cut', () => socketClosed)
    await gone(client, 'v1')

    const told = await until('the count in the journal', async () => {
      const { entries } = await client.journal({ stream: 'service/web', newest: 'true', limit: 1_000 })
      const cuts = entries.filter(({ kind }) => kind === 'version.cut-off')
      return cuts.reduce((sum, { data }) => sum + Number(data['count']), 0) === 2 ? cuts : null
    })
    for (const { data } of told) assert.equal(data['version'], 'v1')
    assert.deepEqual((await gatewayReport(dataDirectory)).cutOff, { v1: 2 })

    for (let round = 0; round < rounds; round += 1) {
      const [from, to] = round % 2 === 0 ? ['v2', 'v1'] : ['v1', 'v2']
      let now = await controlPlane.client()
      await now.release({ service: 'web', to })
      await sleep(Math.random() * 1_500)
      await controlPlane.kill()
      await sleep(Math.random() * 500)
      now = await controlPlane.start()
      await finish(now)
      await gone(now, from)
    }
    const counted = await mixed.stop()
    const plain = await load.stop()
    t.diagnostic(`${rounds} kills; whole: ${JSON.stringify(counted.whole)}, ${plain.answered} plain requests`)
    assert.deepEqual([...counted.failures, ...plain.failures], [])
    assert.equal(counted.failed + plain.failed, 0)
    assert.deepEqual(counted.whole, counted.begun)
    assert.deepEqual((await gatewayReport(dataDirectory)).cutOff, { v1: 2 }, 'nothing else was cut')
  },
)

/** Takes the release to its end as soon as it has traffic. */
async function finish(client: Client): Promise<Rollout> {
  await until('the release to take traffic', async () => {
    const { phase } = await client.getRollout({ rollout: 'web' })
    return phase === 'promoted' || phase === 'promoting' || phase === 'holding' || phase === 'watching'
  })
  const { endedAt, phase } = await client.getRollout({ rollout: 'web' })
  if (endedAt === null && phase !== 'promoting') await client.promote({ rollout: 'web', full: true })
  const end = await rolloutEnd(client)
  assert.equal(end.phase, 'promoted')
  return end
}

async function gone(client: Client, version: string): Promise<void> {
  await until(`${version} to be stopped`, async () => {
    const { versions } = await client.getService({ service: 'web' })
    return versions.find(({ name }) => name === version)?.workload === 'absent'
  })
}

/** A stream of numbered lines whose first line is there. */
interface Stream {
  readonly ended: Promise<'whole' | 'cut'>
}

async function openStream(address: string, count: number): Promise<Stream> {
  return await new Promise((resolve, reject) => {
    const outgoing = get(`${address}/lines?count=${count}&every=20`, (answer: IncomingMessage) => {
      let last = ''
      const ended = new Promise<'whole' | 'cut'>((end) => {
        answer.on('error', () => end('cut'))
        answer.on('end', () => end(last.endsWith('end\n') ? 'whole' : 'cut'))
      })
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        last = chunk
        resolve({ ended })
      })
    })
    outgoing.on('error', reject)
  })
}

async function gatewayReport(dataDirectory: string): Promise<{ readonly cutOff: Readonly<Record<string, number>> }> {
  const file = join(dataDirectory, 'services', 'web', 'gateway', 'gateway.json')
  const { adminPort, token }: { adminPort: number; token: string } = JSON.parse(readFileSync(file, 'utf8'))
  const answer = await fetch(`http://127.0.0.1:${adminPort}/routing`, { headers: { authorization: `Bearer ${token}` } })
  return (await answer.json()) as { readonly cutOff: Readonly<Record<string, number>> }
}
