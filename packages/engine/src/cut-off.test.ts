import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

test('what the router counts as cut off is in the journal once, also after the router started anew', async () => {
  await using world = new World()
  const { router } = world.place()
  const observe = router.observe.bind(router)
  let cutOff: Record<string, number> = { v0: 3 }
  Object.assign(router, { observe: async (signal: AbortSignal) => ({ ...(await observe(signal)), cutOff }) })
  const engine = await world.start()
  await engine.apply({ text: fileOf(), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  const told = (): unknown[] => world.journal('version.cut-off').map(({ data }) => data)

  await world.pass(5_000)
  assert.deepEqual(told(), [], 'what was before this control plane was told by the one before')
  cutOff = { v0: 5, v2: 1 }
  await world.pass(10_000)
  const first = [
    { version: 'v0', count: 2 },
    { version: 'v2', count: 1 },
  ]
  assert.deepEqual(told(), first)
  cutOff = { v0: 1 }
  await world.pass(10_000)
  assert.deepEqual(told(), [...first, { version: 'v0', count: 1 }])
})
