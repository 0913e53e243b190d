import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { GatewayIdentity } from './state/identity.ts'
import { startTimeOf } from './state/identity.ts'
import { openWorld, send, tableOf, until } from './testing/servers.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

interface How {
  readonly listen?: string
  readonly flags?: readonly string[]
  readonly options?: readonly string[]
}

function start(directory: string, { listen = '127.0.0.1:0', flags = [], options = [] }: How = {}): ChildProcess {
  const args = [...flags, main, '--service', 'shop', '--listen', listen, '--state', directory, ...options]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

async function identityOf(directory: string): Promise<GatewayIdentity> {
  const read = (): GatewayIdentity => {
    const identity: GatewayIdentity = JSON.parse(readFileSync(join(directory, 'gateway.json'), 'utf8'))
    return identity
  }
  await until('it runs', () => {
    try {
      read()
      return true
    } catch {
      return false
    }
  })
  return read()
}

test('a port that is taken ends it with code 98 and one line that says so', async () => {
  await using world = await openWorld()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  assert.ok(address !== null && typeof address === 'object')
  const child = start(world.directory, { listen: `127.0.0.1:${address.port}` })
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  taken.close()
  assert.equal(child.exitCode, 98)
  const line: { event: string } = JSON.parse(text)
  assert.equal(line.event, 'gateway.port-in-use')
})

test('a preview port that is taken ends it with a code of its own, and nothing listens', async () => {
  await using world = await openWorld()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  assert.ok(address !== null && typeof address === 'object')
  const preview = `127.0.0.1:${address.port}`
  const child = start(world.directory, { options: ['--preview', preview] })
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  taken.close()
  assert.equal(child.exitCode, 97)
  const line: { event: string; listen: string } = JSON.parse(text)
  assert.deepEqual([line.event, line.listen], ['gateway.port-in-use', preview])
})

test('SIGTERM ends it with code 0', async () => {
  await using world = await openWorld()
  const child = start(world.directory)
  const { pid, startTime } = await identityOf(world.directory)
  assert.equal(pid, child.pid)
  assert.equal(startTime, await startTimeOf(pid))
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test(
  'memory stays flat: after 15 000 requests of ever new units, as many more add little',
  { timeout: 240_000 },
  async () => {
    await using world = await openWorld()
    const v1 = await world.upstream((request, response) => {
      request.resume().on('end', () => response.end('ok'))
    })
    // A small young generation, so that what stays is seen early and what passes is not.
    const child = start(world.directory, { flags: ['--max-semi-space-size=4'] })
    const { address, adminPort, token, pid } = await identityOf(world.directory)
    const put = await fetch(`http://127.0.0.1:${adminPort}/routing`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(tableOf(1, 0, { v1: [v1], v2: [] })),
    })
    assert.equal(put.status, 200)
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const residentMb = (): number =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
    let sent = 0
    const load = async (upTo: number): Promise<void> => {
      const client = async (): Promise<void> => {
        while (sent < upTo) {
          sent += 1
          await send(address, { agent, method: 'POST', body: 'x'.repeat(500), headers: { 'x-user': `user-${sent}` } })
        }
      }
      await Promise.all(Array.from({ length: 16 }, client))
    }
    // When memory is collected is the machine's business: a leak grows in every window, a late collection in one.
    const windows: number[] = []
    for (let window = 0; window < 4 && !(Math.min(...windows) < 25); window += 1) {
      await load(15_000 * (window * 2 + 1))
      const before = residentMb()
      await load(15_000 * (window * 2 + 2))
      windows.push(residentMb() - before)
    }
    agent.destroy()
    child.kill('SIGTERM')
    await once(child, 'exit')
    assert.ok(Math.min(...windows) < 25, `${windows.map((grown) => grown.toFixed(1)).join(', ')} MB more, each time`)
  },
)
