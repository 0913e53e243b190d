import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

const keySha256 = createHash('sha256').update('open sesame').digest('hex')
const who = {
  unit: '[{ header: x-user }, { claim: sub }]',
  sticky: 'true',
  country: '{ database: data/countries.mmdb }',
  segments: '{ nordic: { country: [NO] } }',
  rules: '[{ name: nordic, segment: nordic, to: stable }]',
  override: `{ header: X-Pick, keySha256: ${keySha256} }`,
}

test('the router gets all that requests are told apart by, and what is asked is answered by the same table', async () => {
  await using world = new World()
  const engine = await world.start()
  const problem = 'Countries in /files/data/countries.mmdb: no such file'
  const { router } = world.place()
  const observe = router.observe.bind(router)
  Object.assign(router, {
    observe: async (signal: AbortSignal) => ({ ...(await observe(signal)), problems: [problem] }),
  })
  await engine.apply({ text: fileOf(who), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)

  const { sticky, country, token, segments, overrideHeader, overrideKeySha256 } = world.tables.at(-1) ?? {}
  assert.deepEqual(sticky, { cookie: 'serin-unit', maxAgeS: 365 * 86_400 })
  assert.deepEqual(country, { database: '/files/data/countries.mmdb' })
  assert.deepEqual(token, { unknownKeys: 'ignore' })
  assert.deepEqual(segments, { nordic: { country: ['NO'] } })
  assert.deepEqual([overrideHeader, overrideKeySha256], ['x-pick', keySha256])
  assert.ok(world.status().trouble.includes(problem), 'what the router does not know is told')

  const by = (headers: Record<string, string>, country?: string): string =>
    engine.assignment('shop', { headers, ...(country === undefined ? {} : { country }) }).by
  assert.equal(by({}, 'NO'), 'rule')
  assert.equal(by({ 'x-pick': 'v1' }), 'hash')
  assert.equal(by({ 'x-pick': 'v1', 'serin-key': 'guess' }), 'hash')
  assert.equal(by({ 'x-pick': 'v1', 'serin-key': 'open sesame' }), 'override')
})

test('a service that asks for none of it has a table without it', async () => {
  await using world = new World()
  const engine = await world.start()
  await engine.apply({ text: fileOf(), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  const keys = Object.keys(world.tables.at(-1) ?? {})
  for (const key of ['sticky', 'country', 'token', 'segments', 'overrideKeySha256']) assert.ok(!keys.includes(key), key)
})
