import { workloadContract } from '@serin/kit/contract'
import { ProcessWorkload } from '@serin/spec'
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { eventually, factsOf, is, openWorld, until } from '../supervisor/testing/world.ts'
import { commandOf, openProcesses } from './driver.ts'

workloadContract('process', async () => {
  const world = await openWorld()
  const context = world.context({ replicas: 2, ready: { every: '100ms', within: '3s' } })
  const open = () => world.own(openProcesses(context))
  const runner = open()
  return {
    runner,
    good: () => world.version(),
    broken: world.version({ EXIT_CODE: '3' }),
    late: world.version({ STATUS: '503' }),
    pass: async () => await context.clock.sleep(20),
    crash: async (replica) => {
      const facts = await factsOf(replica)
      assert.ok(facts !== null)
      process.kill(facts.pid, 'SIGKILL')
    },
    versionAt: async (endpoint) => (await factsOf({ endpoint }))?.version ?? null,
    reopen: open,
    leftovers: async () => world.leftovers(),
    close: async () => await world[Symbol.asyncDispose](),
  }
})

test('port and version are in the arguments and in the environment, and nothing else of Serin is', async () => {
  await using world = await openWorld()
  process.env['SERIN_SECRET'] = 'of the control plane'
  const context = world.context()
  const runner = world.own(openProcesses(context))
  const spec = world.version(
    { PORT: '1', SERIN_VERSION: 'other' },
    {
      command: [
        ...(context.spec.workload.kind === 'process' ? (context.spec.workload.command ?? []) : []),
        'on={port}',
        '{version}-{version}',
      ],
    },
  )
  const [replica] = (await until(runner, 'v1', is('ready'), { spec })).replicas
  const facts = await factsOf(replica ?? { endpoint: null })
  const port = new URL(replica?.endpoint ?? '').port
  assert.deepEqual(facts?.args, [`on=${port}`, 'v1-v1'])
  assert.deepEqual([facts?.port, facts?.version], [port, 'v1'])
  assert.deepEqual(facts?.serin.toSorted(), ['SERIN_REPLICA_TOKEN', 'SERIN_VERSION'])
  assert.equal(facts?.cwd, tmpdir())
  delete process.env['SERIN_SECRET']
})

test('what a version says goes before what the workload says', () => {
  const workload = ProcessWorkload.decode({
    kind: 'process',
    command: ['a'],
    env: { LEVEL: 'info', PLACE: 'all' },
    cwd: 'shared',
  })
  assert.deepEqual(commandOf(workload, 'v1', {}, '/srv/shop'), {
    argv: ['a'],
    env: { LEVEL: 'info', PLACE: 'all' },
    cwd: '/srv/shop/shared',
  })
  assert.deepEqual(
    commandOf(workload, 'v2', { command: ['b', 'c'], env: { LEVEL: 'debug' }, cwd: '/opt' }, '/srv/shop'),
    {
      argv: ['b', 'c'],
      env: { LEVEL: 'debug', PLACE: 'all' },
      cwd: '/opt',
    },
  )
})

test('a version may have another number of replicas, and none are left', async () => {
  await using world = await openWorld()
  const runner = world.own(openProcesses(world.context({ replicas: 1 })))
  const seen = await until(runner, 'v1', is('ready'), { spec: world.version({}, { replicas: 3 }) })
  assert.equal(seen.replicas.length, 3)
  await runner.stop('v1', AbortSignal.timeout(60_000))
  await eventually('nothing is left', () => world.leftovers().length === 0)
})
