/** Coupled releases from the command line, against a real control plane with real gateways. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Release } from '@serin/spec'
import { openWorld, type World } from '../testing/control-plane.ts'

let world: World
before(async () => {
  world = await openWorld()
  const file = join(world.directory, 'serin.yaml')
  const one = readFileSync(file, 'utf8')
  const shop = one.slice(one.indexOf('  shop:'))
  writeFileSync(file, one + shop.replace('  shop:', '  web:'))
  assert.equal((await world.serin('apply')).code, 0)
  await world.until('status shop', ({ stdout }) => stdout.includes('1/1'))
  await world.until('status web', ({ stdout }) => stdout.includes('1/1'))
})
after(() => world.close())

const release = async (id: string): Promise<Release> =>
  (await world.json<{ releases: [Release] }>(`get releases ${id}`)).releases[0]
const stages = async (id: string) => (await release(id)).members.map(({ stage }) => stage)
/** Lets the rollout of a service go on to its end as soon as it can. */
const promote = (service: string) => world.until(`promote ${service} --full`, ({ code }) => code === 0)
const stable = async (service: string) => (await world.json<{ stable: string }>(`status ${service}`)).stable

test('a word that names no version, and a member that could not be released: nothing starts', async () => {
  assert.match(
    (await world.serin('release-set shop web=v2')).stderr,
    /"shop" names no version; expected SERVICE=VERSION/,
  )
  const { code, stderr } = await world.serin('release-set shop=v2 web=v9')
  assert.equal(code, 1)
  assert.match(stderr, /web has no version "v9"/)
  assert.equal((await world.serin('get releases')).stdout, 'No release yet.\n')
})

test('one switch: pause, resume and abort of a coupled release; the finished member goes back too', async () => {
  const started = await world.serin('release-set shop=v2 web=v2 --why spring')
  assert.match(started.stdout, /^▲ release:1: 0 of 2 promoted; shop is on its way to v2\.\n$/)
  await world.until('explain shop -o json', ({ stdout }) => stdout.includes('"phase": "watching"'))
  assert.match((await world.serin('pause release:1 --why lunch')).stdout, /release:1: Held by admin: lunch; 0 of 2/)
  assert.equal((await world.json<{ phase: string }>('explain shop')).phase, 'holding')
  assert.match((await world.serin('resume release:1')).stdout, /release:1: 0 of 2 promoted/)
  await promote('shop')
  await world.until('get releases release:1', ({ stdout }) => /web +v1 +v2 +out/.test(stdout))
  assert.equal(await stable('shop'), 'v2')
  assert.match((await world.serin('abort release:1 --why no')).stdout, /^▲ release:1: Going back, by admin: no; /)
  await world.until('get releases', ({ stdout }) => stdout.includes('reversed'))
  assert.deepEqual(await stages('release:1'), ['back', 'back'])
  assert.equal(await stable('shop'), 'v1')
  const table = (await world.serin('get releases release:1')).stdout
  assert.match(
    table,
    /^ID +STATE +ORDER +SERVICE .*\nrelease:1 +▲ reversed +sequence +shop +v1 +v2 +back +shop-2 .*\n +web +v1/,
  )
  const journal = (await world.serin('get journal release:1 -n 100')).stdout
  assert.match(journal, /coupled release, sequence, of shop v2, web v2: spring/)
  assert.match(journal, /release abort: no/)
  const again = await world.serin('abort release:1')
  assert.deepEqual([again.code, again.stderr.includes('The release is over.')], [1, true])
})

test('--wait: 2 when all went back, 3 when it is not over in time, 0 when all are promoted', async () => {
  const late = await world.serin('release-set shop=v3 web=v3 --together --wait --timeout 1s')
  assert.equal(late.code, 3)
  assert.match(late.stderr, /The release goes on: serin get releases release:2, or stop it: serin abort release:2/)
  await world.serin('abort release:2')
  await world.until('get releases release:2', ({ stdout }) => stdout.includes('reversed'))

  const back = world.serin('release-set shop=v3 web=v3 --together --wait')
  await world.until('get releases release:3', ({ stdout }) => (stdout.match(/ out /g) ?? []).length === 2)
  await world.serin('abort shop')
  assert.equal((await back).code, 2)
  assert.match(
    (await back).stdout,
    /release:3: All back: shop v1, web v1; by serin: shop: v3 was rolled back\s+\(aborted\)/,
  )

  const done = world.serin('release-set shop=v3 web=v3 --together --wait')
  await world.until('get releases release:4', ({ code }) => code === 0)
  await Promise.all([promote('shop'), promote('web')])
  assert.equal((await done).code, 0)
  assert.match((await done).stdout, /^● release:4: All promoted: shop v3, web v3\.\n$/)
})
