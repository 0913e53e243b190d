import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

test('a router that somebody changes by hand is put right, and the journal tells it once', async () => {
  await using world = new World()
  const { router } = world.place()
  const observe = router.observe.bind(router)
  let changed = false
  Object.assign(router, {
    observe: async (signal: AbortSignal) => {
      const seen = await observe(signal)
      const found = changed ? { ...seen, revision: 0, weights: { v1: 6_000, v2: 4_000 } } : seen
      changed = false
      return found
    },
  })
  const engine = await world.start()
  await engine.apply({ text: fileOf(), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  await world.pass(5_000)
  assert.deepEqual(world.journal('routing.drifted'), [])
  const { revision } = await observe(AbortSignal.any([]))
  changed = true
  await world.pass(10_000)
  const told = world.journal('routing.drifted').map(({ data }) => data)
  const weights = { v1: 6_000, v2: 4_000 }
  assert.equal(told.length, 1)
  assert.deepEqual(told[0], { asked: { revision, weights: { v1: 10_000 } }, seen: { revision: 0, weights } })
  assert.ok(((await observe(AbortSignal.any([]))).revision ?? 0) > (revision ?? 0), 'a new table was sent')
})
