import type { ReplicaObservation, WorkloadObservation } from '@serin/kit'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openProcesses } from '../process/driver.ts'
import { readRecords } from './replica-file.ts'
import { eventually, factsOf, is, openWorld, pidOf, until, type World } from './testing/world.ts'

const open = (world: World, workload: Record<string, unknown> = {}) => world.own(openProcesses(world.context(workload)))

const leaver = ({ replicas }: WorkloadObservation): ReplicaObservation | undefined =>
  replicas.find(({ state }) => state === 'leaving')

test('the next control plane knows from the first moment who leaves, and may want it again', async () => {
  await using world = await openWorld()
  const [one, two] = [world.version({}, { replicas: 1 }), world.version({}, { replicas: 2 })]
  const first = open(world)
  const before = await until(first, 'v1', is('ready'), { spec: two })
  const pids = await Promise.all(before.replicas.map(pidOf))
  first.ensure('v1', one)
  const leaving = leaver(first.observe('v1'))
  first.detach()
  const next = open(world)
  assert.equal(leaver(next.observe('v1'))?.endpoint, leaving?.endpoint, 'before anybody has said how many are wanted')
  next.ensure('v1', one)
  assert.deepEqual([next.observe('v1').state, leaver(next.observe('v1'))?.id], ['ready', leaving?.id])
  assert.deepEqual((await factsOf(leaving ?? { endpoint: null }))?.pid, pids[1])
  next.ensure('v1', two)
  const after = next.observe('v1')
  assert.equal(after.state, 'ready')
  assert.deepEqual(await Promise.all(after.replicas.map(pidOf)), pids)
  assert.deepEqual(
    readRecords(world.directory).map(({ parting }) => parting),
    ['no', 'no'],
  )
})

test('one that was dismissed ends, whoever finds it half ended, and another takes its place', async () => {
  await using world = await openWorld()
  const more = { STOP_AFTER_MS: '20000' }
  const workload = { stopWithin: '2s' }
  const first = open(world, workload)
  const before = await until(first, 'v1', is('ready'), { spec: world.version(more, { replicas: 2 }) })
  first.ensure('v1', world.version(more, { replicas: 1 }))
  const leaving = leaver(first.observe('v1'))
  const pid = await pidOf(leaving)
  first.dismiss('v1', leaving?.id ?? '')
  first.detach()
  const next = open(world, workload)
  const again = await until(next, 'v1', is('ready'), { spec: world.version(more, { replicas: 2 }) })
  assert.ok(!again.replicas.some(({ state, endpoint }) => state === 'ready' && endpoint === leaving?.endpoint))
  assert.ok(again.replicas.some(({ endpoint }) => endpoint === before.replicas[0]?.endpoint))
  await eventually('it is gone', () => !world.marked().includes(pid))
  const settled = await until(next, 'v1', ({ replicas }) => replicas.length === 2, {
    spec: world.version(more, { replicas: 2 }),
  })
  assert.deepEqual([settled.state, world.marked().length], ['ready', 2])
})

test('who was started last leaves first, also when it has the lower number; one that crashes while it leaves stays away', async () => {
  await using world = await openWorld()
  const runner = open(world)
  const [one, two] = [world.version({}, { replicas: 1 }), world.version({}, { replicas: 2 })]
  const [older, younger] = (await until(runner, 'v1', is('ready'), { spec: two })).replicas
  process.kill(await pidOf(older), 'SIGKILL')
  await until(runner, 'v1', is('degraded'), { spec: two })
  await until(runner, 'v1', is('ready'), { spec: two })
  runner.ensure('v1', one)
  const leaving = leaver(runner.observe('v1'))
  assert.equal(leaving?.id, older?.id)
  assert.equal(leaving?.restarts, 1)
  process.kill(await pidOf(leaving), 'SIGKILL')
  const left = await until(runner, 'v1', ({ replicas }) => replicas.length === 1, { spec: one })
  assert.deepEqual([left.state, left.replicas[0]?.id, left.replicas[0]?.restarts], ['ready', younger?.id, 0])
  assert.equal(world.marked().length, 1)
})
