/** Workers where processes cannot share an address: the parent takes the connections and hands them round. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { startProcess } from '../testing/processes.ts'
import type { GatewayProcess } from '../testing/processes.ts'
import { evidenceOf, openWorld, send, sumOf, tableOf, until } from '../testing/servers.ts'

/** Every process of the gateway takes this machine for one that cannot. */
const elsewhere = ['--import', "data:text/javascript,Object.defineProperty(process, 'platform', { value: 'darwin' })"]

/** How many sockets listen on a port; null where nobody says. */
function listeners(port: number): number | null {
  if (process.platform !== 'linux') return null
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  return lines.filter((line) => line.includes(`${wanted} 00000000:0000 0A`)).length
}

/** Who carries each of some requests, all on connections of their own, and what is answered. */
async function carried(
  { identity }: GatewayProcess,
  count: number,
): Promise<{ readonly workers: Set<string>; readonly bodies: Set<string> }> {
  const workers = new Set<string>()
  const bodies = new Set<string>()
  const agent = new Agent({ keepAlive: false })
  for (let i = 0; i < count; i += 1) {
    const { headers, body } = await send(identity.address, { agent })
    workers.add(String(headers['serin-request']).split('-')[0] ?? '')
    bodies.add(body.toString())
  }
  return { workers, bodies }
}

test('connections handed round: all workers carry, follow a table, are counted, are replaced, and leave in order', async () => {
  await using world = await openWorld()
  const serve = async (name: string): Promise<string[]> => [
    await world.upstream((_request, response) => response.end(name)),
  ]
  const endpoints = { v1: await serve('v1'), v2: await serve('v2') }
  const two = ['--workers', '2', '--listen']
  await using gateway = await startProcess(world.directory, [...two, '127.0.0.1:0'], elsewhere)
  const { host, port } = new URL(gateway.identity.address)
  assert.ok([1, null].includes(listeners(Number(port))), 'one process listens')
  await gateway.apply(tableOf(1, 0, endpoints))
  const before = await carried(gateway, 12)
  assert.deepEqual([before.workers.size, [...before.bodies]], [2, ['v1']])
  await gateway.apply(tableOf(2, 10_000, endpoints))
  assert.deepEqual([...(await carried(gateway, 6)).bodies], ['v2'])
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v2', (arm) => arm.requests) >= 6)
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.requests),
    12,
  )

  const pids = (await gateway.report()).workers?.pids ?? []
  const [victim] = pids
  assert.ok(victim !== undefined)
  process.kill(victim, 'SIGKILL')
  const isReplaced = async (): Promise<boolean> => {
    const now = (await gateway.report()).workers?.pids ?? []
    return now.length === 2 && !now.includes(victim)
  }
  await until('it is replaced', isReplaced, { seconds: 60 })
  assert.equal((await carried(gateway, 6)).workers.size, 2)

  // With their parent the workers lose who hands them connections: the next gateway takes the address at once.
  gateway.child.kill('SIGKILL')
  await once(gateway.child, 'exit')
  await using next = await startProcess(world.directory, [...two, host], elsewhere)
  assert.deepEqual([new URL(next.identity.address).host, (await next.report()).revision], [host, 2])
  assert.deepEqual([...(await carried(next, 6)).bodies], ['v2'])
  next.child.kill('SIGTERM')
  await once(next.child, 'exit')
  assert.equal(next.child.exitCode, 0)
})
