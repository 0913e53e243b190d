/** How rollouts went, asked of a real control plane. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RolloutPoint } from '@serin/spec'
import { ControlPlane } from '../testing/control-plane.ts'

async function pointsOf(plane: ControlPlane, rollout: string): Promise<readonly RolloutPoint[]> {
  const answer = await plane.call('GET', `/v1/rollouts/${rollout}/history`)
  assert.equal(answer.status, 200, answer.text)
  return (answer.json as { points: readonly RolloutPoint[] }).points
}

const phasesOf = (points: readonly RolloutPoint[]) =>
  points.map(({ phase }) => phase).filter((each, i, all) => each !== all[i - 1])

test('a rollout leaves a trail of its phases, in order, that outlives the control plane', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop()
  await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
  await plane.until('it is watched', async () =>
    (await pointsOf(plane, 'shop')).some(({ phase }) => phase === 'watching'),
  )
  await plane.call('POST', '/v1/rollouts/shop/pause', { body: {} })
  await plane.until('it is held', async () => (await pointsOf(plane, 'shop')).at(-1)?.phase === 'holding')
  await plane.call('POST', '/v1/rollouts/shop/abort', { body: {} })
  await plane.until('it is over', async () => (await pointsOf(plane, 'shop')).at(-1)?.phase === 'rolled-back')
  const points = await pointsOf(plane, 'shop-1')
  assert.deepEqual(
    phasesOf(points)
      .slice(-4)
      .filter((each) => each !== 'rolling-back')
      .slice(-3),
    ['watching', 'holding', 'rolled-back'],
  )
  for (const [i, { at }] of points.entries()) if (i > 0) assert.ok(at > (points[i - 1]?.at ?? 0))
  const file = join(plane.dataDirectory, 'history', 'shop-1.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  await plane.stop({ keep: false })
  await plane.start()
  assert.deepEqual(await pointsOf(plane, 'shop-1'), points)
  writeFileSync(file, '{"serin":"hist')
  assert.deepEqual(await pointsOf(plane, 'shop-1'), [])
  assert.equal((await plane.call('GET', '/v1/rollouts/shop-9/history')).status, 404)
})

test('where nothing can be written rollouts go on, and it is said once', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const folder = join(plane.dataDirectory, 'history')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(plane.dataDirectory, { recursive: true })
  writeFileSync(folder, 'in the way')
  await plane.shop()
  await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
  await plane.until('it is watched', async () =>
    (await pointsOf(plane, 'shop')).some(({ phase }) => phase === 'watching'),
  )
  assert.equal(plane.lines.filter((line) => line.includes('the history of rollouts is not kept')).length, 1)
})
