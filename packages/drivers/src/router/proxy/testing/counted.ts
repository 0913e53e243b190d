import { assign } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { ask, never, split } from '../../testing/world.ts'
import type { ProxyWorld } from './installed.ts'

/** Forty users ask a canary that always fails at half of the traffic: what the log says has to become these slots, whatever `meddle` sends besides. */
export async function assertCounted(world: ProxyWorld, meddle: () => Promise<void>): Promise<void> {
  const router = await world.open()
  const measurement = { rollout: 'shop#1', latencyCutsMs: [], latencyFrom: 0 }
  await router.apply({ ...split(5_000, 1, world), measurement }, never)
  const { address } = await router.observe(never)
  await meddle()
  for (let i = 0; i < 40; i += 1) await ask(address, { unit: `user-${i}` })
  await router.observe(never)
  const stop = new AbortController()
  const seen = { v1: [0, 0, 0], v2: [0, 0, 0] }
  for await (const { arms } of router.slots(null, stop.signal)) {
    for (const version of ['v1', 'v2'] as const) {
      const { requests = 0, errors = 0, newUnits = 0 } = arms[version] ?? {}
      seen[version] = [requests, errors, newUnits].map((count, i) => count + (seen[version][i] ?? 0))
    }
    if ((seen.v1[0] ?? 0) + (seen.v2[0] ?? 0) >= 40) stop.abort()
  }
  const units = Array.from({ length: 40 }, (_, i) => assign(split(5_000, 1, world), `user-${i}`))
  const canary = units.filter((version) => version === 'v2').length
  assert.deepEqual(seen, { v1: [40 - canary, 0, 40 - canary], v2: [canary, canary, canary] })
}
