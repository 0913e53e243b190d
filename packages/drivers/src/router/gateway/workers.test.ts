/** The gateway driver over a gateway of two workers. */
import { routerContract } from '@serin/kit/contract'
import type { RouterUnderTest } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { addressOf, allTo, ask, isGone, never, openWorld, serve, spec } from '../testing/world.ts'
import { openGateway } from './driver.ts'
import type { GatewayContext } from './driver.ts'

const openTwo = async (context: GatewayContext) => await openGateway({ workers: 2, ...context })

/** The version that answers a unit. */
async function versionOf(address: string, unit: string): Promise<string> {
  return (await ask(address, { unit })).body
}

const long = process.env['SERIN_LONG'] === '1'

const open = async (): Promise<RouterUnderTest> => {
  const world = await openWorld(openTwo)
  const router = await world.open()
  const { pid, address, workers } = await router.report(never)
  return {
    router,
    service: 'shop',
    endpoints: world.endpoints,
    versionOf: async (unit) => await versionOf(address, unit),
    leftovers: async () => {
      const pids = [pid, ...(workers?.pids ?? [])]
      const left = await Promise.all(pids.map(async (each) => ((await isGone(each)) ? [] : [`process ${each}`])))
      const answers = await versionOf(address, 'x').then(
        () => [`listener ${address}`],
        () => [],
      )
      return [...(await readdir(world.directory)), ...left.flat(), ...answers]
    },
    close: async () => await world[Symbol.asyncDispose](),
  }
}

/** What one process decides for all of them is proved with one. */
routerContract(
  'gateway of two workers',
  open,
  long
    ? []
    : [
        {
          reason: 'The long form (SERIN_LONG=1) runs this.',
          tests: [
            'before the first table there is no revision',
            'what was applied is what is observed',
            'an older table is ignored',
            'the last request to a version is reported',
            'the same table twice is the same as once',
            'a table of an earlier control plane is older, whatever its revision',
            'a hundredth of a percent survives the round trip',
            'who is in at a weight stays in at a greater one',
            'the addresses that requests may be sent to are observed',
          ],
        },
      ],
)

test('a gateway that was killed is replaced on the same address while its workers go on, and they are gone after the release', async () => {
  await using world = await openWorld(openTwo)
  const router = await world.open()
  await router.apply(allTo('v2', 4, world), never)
  const before = await router.report(never)
  process.kill(before.pid, 'SIGKILL')
  for (let i = 0; i < 20; i += 1) assert.equal(await versionOf(before.address, 'a'), 'v2')
  const seen = await router.observe(never)
  assert.deepEqual([seen.revision, seen.address], [4, before.address])
  await router.apply(allTo('v1', 5, world), never)
  for (let i = 0; i < 20; i += 1) assert.equal(await versionOf(before.address, 'a'), 'v1')
  const { pid } = await router.report(never)
  process.kill(pid, 'SIGKILL')
  await router.release(never)
  for (const each of before.workers?.pids ?? []) assert.ok(await isGone(each))
})

test('another number of workers replaces the gateway at its address', async () => {
  await using world = await openWorld(openGateway)
  const one = await (await world.open()).report(never)
  assert.equal(one.workers, undefined)
  const openTwoThere = async () => await world.open({ workers: 2 } as Partial<GatewayContext>)
  const two = await (await openTwoThere()).report(never)
  assert.deepEqual([two.address, two.workers?.pids.length], [one.address, 2])
  const again = await (await openTwoThere()).report(never)
  assert.deepEqual([again.pid, again.boot], [two.pid, two.boot])
  assert.equal((await (await world.open()).report(never)).address, one.address)
})

test('a port that something else holds is said to be in use, also where several could share it', async () => {
  await using world = await openWorld(openTwo)
  const port = Number(new URL(world.endpoints.v1[0] ?? '').port)
  await assert.rejects(world.open({ listen: port }), { code: 'gateway.port-in-use' })
  const first = await (await world.open()).report(never)
  await using other = await openWorld(openTwo)
  await assert.rejects(other.open({ listen: Number(new URL(first.address).port) }), { code: 'gateway.port-in-use' })
})

test('release with an open request ends all workers at once when patience is over', async () => {
  await using world = await openWorld(openTwo)
  const router = await world.open({ spec: { ...spec, drain: 60_000 } })
  const hanging = await serve(() => undefined)
  await router.apply({ ...allTo('v2', 1, { ...world, endpoints: { v1: [], v2: [addressOf(hanging)] } }) }, never)
  const { pid, address, workers } = await router.report(never)
  const asked = versionOf(address, 'u').catch(() => 'cut')
  await once(hanging, 'request')
  const patience = new AbortController()
  const released = router.release(patience.signal)
  patience.abort()
  await released
  for (const each of [pid, ...(workers?.pids ?? [])]) assert.ok(await isGone(each))
  assert.equal(await asked, 'cut')
  assert.deepEqual(await readdir(world.directory), [])
  hanging.close()
  hanging.closeAllConnections()
})
