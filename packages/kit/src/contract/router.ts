import type { RoutingTable } from '@serin/core'
import { assign } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrafficRouter } from '../ports.ts'

/** A router to test, with two versions behind it. */
export interface RouterUnderTest {
  readonly router: TrafficRouter
  readonly service: string
  /** Ready addresses of two versions. */
  readonly endpoints: { readonly v1: readonly string[]; readonly v2: readonly string[] }
  /** Which version answers a request whose header `x-user` is the unit. */
  versionOf(unit: string): Promise<string>
  /** What is left of the router, such as processes, ports and files; empty when nothing is. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Tests a driver cannot pass, and why. */
export interface Skip {
  readonly reason: string
  readonly tests: readonly RouterTest[]
}

/** The names of the promises; a skip names some of them. */
export type RouterTest =
  | 'what was applied is what is observed'
  | 'before the first table there is no revision'
  | 'the same table twice is the same as once'
  | 'an older table is ignored'
  | 'a table of an earlier control plane is older, whatever its revision'
  | 'a hundredth of a percent survives the round trip'
  | 'each unit is served by the version the hash assigns it'
  | 'who is in at a weight stays in at a greater one'
  | 'the next request follows the table'
  | 'the last request to a version is reported'
  | 'the addresses that requests may be sent to are observed'
  | 'release leaves nothing behind'

type Check = (given: RouterUnderTest) => Promise<void>

const never = (): AbortSignal => new AbortController().signal

/** A table of canary v2 at a weight and stable v1. */
function tableAt(given: RouterUnderTest, revision: number, weightBp: number): RoutingTable {
  return {
    service: given.service,
    revision,
    salt: `${given.service}/contract/`,
    unit: [{ header: 'x-user' }],
    arms: [
      { version: 'v2', endpoints: given.endpoints.v2, weightBp },
      { version: 'v1', endpoints: given.endpoints.v1, weightBp: 10_000 - weightBp },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'contract', latencyCutsMs: [], latencyFrom: 0 },
  }
}

const users = Array.from({ length: 60 }, (_, i) => `user-${i}`)

async function canaryUsers(given: RouterUnderTest): Promise<Set<string>> {
  const inside = new Set<string>()
  for (const user of users) if ((await given.versionOf(user)) === 'v2') inside.add(user)
  return inside
}

const promises: Readonly<Record<RouterTest, Check>> = {
  'before the first table there is no revision': async ({ router }) => {
    assert.equal((await router.observe(never())).revision, null)
  },
  'what was applied is what is observed': async (given) => {
    await given.router.apply(tableAt(given, 3, 2_500), never())
    const { revision, weights, inFlight } = await given.router.observe(never())
    assert.deepEqual([revision, weights], [3, { v2: 2_500, v1: 7_500 }])
    assert.deepEqual(inFlight, { v1: 0, v2: 0 })
  },
  'the same table twice is the same as once': async (given) => {
    await given.router.apply(tableAt(given, 3, 2_500), never())
    const once = await given.router.observe(never())
    await given.router.apply(tableAt(given, 3, 2_500), never())
    assert.deepEqual(await given.router.observe(never()), once)
  },
  'an older table is ignored': async (given) => {
    await given.router.apply(tableAt(given, 5, 10_000), never())
    await given.router.apply(tableAt(given, 4, 0), never())
    assert.equal((await given.router.observe(never())).revision, 5)
    assert.equal(await given.versionOf('anyone'), 'v2')
  },
  'a table of an earlier control plane is older, whatever its revision': async (given) => {
    await given.router.apply({ ...tableAt(given, 5, 10_000), epoch: 1 }, never())
    await given.router.apply({ ...tableAt(given, 4, 0), epoch: 3 }, never())
    await given.router.apply({ ...tableAt(given, 6, 10_000), epoch: 2 }, never())
    assert.equal((await given.router.observe(never())).revision, 4)
    assert.equal(await given.versionOf('anyone'), 'v1')
  },
  'a hundredth of a percent survives the round trip': async (given) => {
    await given.router.apply(tableAt(given, 1, 1), never())
    assert.deepEqual((await given.router.observe(never())).weights, { v2: 1, v1: 9_999 })
  },
  'each unit is served by the version the hash assigns it': async (given) => {
    const table = tableAt(given, 1, 3_333)
    await given.router.apply(table, never())
    for (const user of users) assert.equal(await given.versionOf(user), assign(table, user), user)
  },
  'who is in at a weight stays in at a greater one': async (given) => {
    let before = new Set<string>()
    for (const [i, weightBp] of [500, 2_500, 5_000, 10_000].entries()) {
      await given.router.apply(tableAt(given, i + 1, weightBp), never())
      const inside = await canaryUsers(given)
      assert.deepEqual(
        [...before].filter((user) => !inside.has(user)),
        [],
        `lost at ${weightBp} bp`,
      )
      before = inside
    }
    assert.equal(before.size, users.length)
  },
  'the next request follows the table': async (given) => {
    for (let revision = 1; revision <= 20; revision += 1) {
      const all = revision % 2 === 0
      await given.router.apply(tableAt(given, revision, all ? 10_000 : 0), never())
      assert.equal(await given.versionOf('anyone'), all ? 'v2' : 'v1')
    }
  },
  'the last request to a version is reported': async (given) => {
    await given.router.apply(tableAt(given, 1, 10_000), never())
    assert.equal((await given.router.observe(never())).lastRequestAt['v2'], undefined)
    await given.versionOf('anyone')
    const { lastRequestAt } = await given.router.observe(never())
    assert.ok((lastRequestAt['v2'] ?? 0) > 0)
    assert.equal(lastRequestAt['v1'], undefined)
  },
  'the addresses that requests may be sent to are observed': async (given) => {
    const { v1, v2 } = given.endpoints
    assert.deepEqual((await given.router.observe(never())).endpoints, [])
    await given.router.apply(tableAt(given, 1, 2_500), never())
    assert.deepEqual((await given.router.observe(never())).endpoints.toSorted(), [...v1, ...v2].toSorted())
    const fewer = { ...given, endpoints: { v1, v2: [] } }
    await given.router.apply(tableAt(fewer, 2, 0), never())
    const { endpoints, inFlightByEndpoint = {} } = await given.router.observe(never())
    assert.deepEqual(endpoints.toSorted(), v1.toSorted())
    assert.deepEqual(
      Object.values(inFlightByEndpoint).filter((count) => count > 0),
      [],
    )
  },
  'release leaves nothing behind': async (given) => {
    await given.router.apply(tableAt(given, 1, 0), never())
    await given.router.release(never())
    assert.deepEqual(await given.leftovers(), [])
    await given.router.release(never())
  },
}

/** Registers the promises of `TrafficRouter` as tests. A driver that cannot keep one skips it and says why. */
export function routerContract(name: string, open: () => Promise<RouterUnderTest>, skips: readonly Skip[] = []): void {
  void describe(`${name} keeps the router contract`, () => {
    for (const [promise, check] of Object.entries(promises)) {
      const reason = skips.find((skip) => skip.tests.some((test) => test === promise))?.reason
      void it(promise, { skip: reason ?? false }, async () => {
        const given = await open()
        try {
          await check(given)
        } finally {
          await given.close()
        }
      })
    }
  })
}
