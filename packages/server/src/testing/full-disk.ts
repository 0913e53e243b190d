/** Fills the small disk under a control plane in mid-rollout and sees what it does: `node full-disk.ts DIRECTORY`. Fails with a sentence when not as promised. */
import assert from 'node:assert/strict'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ControlPlane, send } from './control-plane.ts'

const [disk = ''] = process.argv.slice(2)
const ballast = join(disk, 'ballast')

function fillDisk(): void {
  for (const bytes of [64 * 1024, 4 * 1024, 1]) {
    try {
      for (;;) appendFileSync(ballast, Buffer.alloc(bytes))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
}

await using plane = new ControlPlane(disk)
await plane.start()
await plane.shop()
const text = async (path: string) => (await plane.call('GET', path)).text
const { address } = (await plane.call('GET', '/v1/services/shop')).json as { address: string }
const served = async () =>
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => await send(address, 'GET', { headers: { 'x-user': `user-${i}` } })),
  )
await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
await plane.until('v2 has traffic', async () => (await text('/v1/rollouts/shop')).includes('"inForceBp":1000'))
assert.ok((await served()).some((answer) => answer.text === 'v2'))

fillDisk()
await plane.until('it says that the disk is full', async () => {
  fillDisk()
  return (await text('/v1/services/shop')).includes('Stable keeps all traffic until it can write again')
})
await plane.until('stable has all traffic', async () => (await served()).every((answer) => answer.text === 'v1'))
const refused = await plane.call('POST', '/v1/rollouts/shop/promote', { body: { full: true } })
assert.deepEqual([refused.status, (refused.json as { code: string }).code], [507, 'store.full'])
assert.ok((await served()).every((answer) => answer.status === 200 && answer.text === 'v1'))

rmSync(ballast)
await plane.until('the rollout is back', async () =>
  (await text('/v1/rollouts/shop')).includes('"phase":"rolled-back"'),
)
const journal = await text('/v1/journal?limit=1000')
assert.match(journal, /store\.recovered.*The store could not write for \d+ s; stable took all traffic/)
assert.ok((await text('/v1/journal/verify')).includes('"ok":true'))
await plane.until('all is well', async () => (await text('/v1/services/shop')).includes('"trouble":[]'))
assert.deepEqual(plane.lines, [])
