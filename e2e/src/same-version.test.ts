/** Whatever the router, the same users get the same version: the gateway, a real nginx, a real HAProxy and the router of the simulator. */
import type { RoutingTable } from '@serin/core'
import { openGateway } from '@serin/drivers/router/gateway'
import { openHaproxy } from '@serin/drivers/router/haproxy'
import { openMemoryRouter } from '@serin/drivers/router/memory'
import { openNginx } from '@serin/drivers/router/nginx'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { openBareRouter } from './harness/bare-router.ts'
import { assertForwards } from './harness/forwarding.ts'
import { askMany, openNamed } from './harness/pipelined.ts'
import { noHaproxy, noNginx } from './harness/proxies.ts'

const users = 10_000
const shares = [100, 500, 2_500, 5_000] as const
const never = new AbortController().signal

test(
  `${users} user ids get the same version from gateway, nginx, HAProxy and memory at 1, 5, 25 and 50 %`,
  { timeout: 300_000, skip: noNginx === false ? noHaproxy : noNginx },
  async (t) => {
    const [v1, v2] = [await openNamed('v1'), await openNamed('v2')]
    t.after(() => [v1.server.close(), v2.server.close()])
    const memory = openMemoryRouter({ now: () => 0 })
    const routers = { gateway: openGateway, nginx: openNginx, haproxy: openHaproxy }
    const real = await Promise.all(
      Object.entries(routers).map(async ([name, open]) => ({ name, router: await openBareRouter(t, open) })),
    )
    const visitors = Array.from({ length: users }, (_, i) => visitor(i))
    assert.equal(new Set(visitors.map(({ line }) => line)).size, users, 'nobody comes twice')
    for (const [i, weightBp] of shares.entries()) {
      const table = tableOf(i + 1, weightBp, { v1: v1.url, v2: v2.url })
      await memory.apply(table, never)
      const wanted = visitors.map(({ headers }) => versionIn(memory, headers))
      const canary = wanted.filter((version) => version === 'v2').length
      const expected = (users * weightBp) / 10_000
      assert.ok(Math.abs(canary - expected) < 5 * Math.sqrt(expected), `${canary} of ${users} at ${weightBp} bp`)
      for (const { name, router } of real) {
        await router.apply(table, never)
        const { address } = await router.observe(never)
        const seen = await askMany(
          address,
          visitors.map(({ line }) => line),
        )
        const wrong = visitors.flatMap(({ line }, at) => (seen[at] === wanted[at] ? [] : [`${line}: ${seen[at]}`]))
        assert.deepEqual(wrong.slice(0, 5), [], `${name} at ${weightBp} bp: ${wrong.length} differ`)
      }
    }
    await t.test('versions are told the same of a client, and its address is the same unit', async (part) => {
      await assertForwards(part, real, { service: 'web', revision: shares.length + 1 })
    })
  },
)

/** One of the many forms in which services know their users: most by a header, some by a cookie alone. */
function visitor(i: number): { readonly line: string; readonly headers: Readonly<Record<string, string>> } {
  const hex = createHash('sha256').update(`visitor ${i}`).digest('hex')
  const number = parseInt(hex.slice(0, 12), 16)
  const names = ['zoë', 'jürgen', '李小龙', 'Ольга', 'محمد', 'ana', 'Þóra', '🦊fox']
  const name = names[number % names.length] ?? ''
  const ids: readonly string[] = [
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
    `${name}.${number % 9_973}+${i}@example.${['com', 'org', 'co.uk', 'рф'][number % 4] ?? ''}`,
    String(i),
    String(number),
    `user_${number.toString(36)}_${i}`,
    `${name} ${i}`,
    `auth0|${hex.slice(0, 24)}`,
    `${hex}${hex}${i}`,
    `tenant-${number % 50}:${i}`,
  ]
  const id = ids[i % 10] ?? ''
  if (i % 10 < ids.length) return { line: `x-user: ${id}`, headers: { 'x-user': id } }
  const cookie = `theme=dark; sid=s%3A${hex.slice(0, 32)}.${Buffer.from(hex.slice(32, 56), 'hex').toString('base64url')}; _ga=GA1.2.${number}`
  return { line: `cookie: ${cookie}`, headers: { cookie } }
}

function versionIn(memory: ReturnType<typeof openMemoryRouter>, headers: Readonly<Record<string, string>>): string {
  const decision = memory.take({ headers: { ...headers } }, () => assert.fail('somebody without an id'))
  assert.ok(decision !== null)
  memory.finish(decision.version)
  return decision.version
}

function tableOf(revision: number, canaryBp: number, urls: Readonly<Record<'v1' | 'v2', string>>): RoutingTable {
  return {
    service: 'web',
    revision,
    salt: 'web#12/',
    unit: [{ header: 'x-user' }, { cookie: 'sid' }],
    arms: [
      { version: 'v2', endpoints: [urls.v2], weightBp: canaryBp },
      { version: 'v1', endpoints: [urls.v1], weightBp: 10_000 - canaryBp },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'web#12', latencyCutsMs: [], latencyFrom: 0 },
  }
}
