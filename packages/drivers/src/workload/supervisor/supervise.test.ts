import type { ReplicaObservation } from '@serin/kit'
import type { VersionSpec } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandOf, openProcesses } from '../process/driver.ts'
import { freePort } from './free-port.ts'
import type { SupervisorOptions } from './options.ts'
import { superviseReplicas } from './supervise.ts'
import { eventually, is, openWorld, pidOf, until, type World } from './testing/world.ts'

const patience = (): AbortSignal => AbortSignal.timeout(60_000)

/** A supervisor of the test program with options of its own. */
function supervise(
  world: World,
  workload: Readonly<Record<string, unknown>>,
  more: Partial<SupervisorOptions> = {},
): ReturnType<typeof superviseReplicas> {
  const context = world.context(workload)
  const { workload: process } = context.spec
  if (process.kind !== 'process') throw new Error('not a process workload')
  return world.own(
    superviseReplicas({
      context,
      command: (version, spec) => commandOf(process, version, spec, context.baseDirectory),
      ready: process.ready,
      live: process.live,
      stopWithin: process.stopWithin,
      replicasOf: (spec) => spec.replicas ?? process.replicas,
      ...more,
    }),
  )
}

test('a replica that is killed is started again at another address, and the other one does not notice', async () => {
  await using world = await openWorld()
  const runner = supervise(world, { replicas: 2 })
  const spec = world.version()
  const [first, second] = (await until(runner, 'v1', is('ready'), { spec })).replicas
  process.kill(await pidOf(first), 'SIGKILL')
  const seen = await until(runner, 'v1', is('degraded'), { spec })
  assert.notEqual(seen.replicas[0]?.state, 'ready')
  assert.equal(seen.replicas[0]?.readySince, null)
  const [again, still] = (await until(runner, 'v1', is('ready'), { spec })).replicas
  assert.equal(again?.restarts, 1)
  assert.notEqual(again?.endpoint, first?.endpoint)
  assert.deepEqual([still?.endpoint, still?.restarts], [second?.endpoint, 0])
})

test('a command that exits at once fails with its code, its last words and the place of its log', async () => {
  await using world = await openWorld()
  const runner = supervise(world, {})
  const spec = world.version({ EXIT_CODE: '3' })
  const { failure, replicas } = await until(runner, 'v1', is('failed'), { spec })
  assert.equal(failure?.code, 'workload.exited')
  assert.equal(
    failure?.message,
    `v1 exited with code 3 without being ready once, 3 times in a row. It said last: “listening soon as v1 | Error: the database is not there”. Log: ${join(world.directory, 'v1.0.log')}`,
  )
  assert.deepEqual([replicas[0]?.state, replicas[0]?.restarts], ['stopped', 2])
  assert.deepEqual(world.marked(), [])
})

test('a command that a signal ends says which', async () => {
  await using world = await openWorld()
  const runner = supervise(world, {})
  const spec = world.version({}, { command: ['sh', '-c', 'kill -SEGV $$'] })
  const { failure } = await until(runner, 'v1', is('failed'), { spec })
  assert.match(failure?.message ?? '', /^v1 was ended by SIGSEGV without being ready once, 3 times in a row\./)
})

test('what cannot be started at all fails at once and says why', async () => {
  await using world = await openWorld()
  const scripts = await mkdtemp(join(tmpdir(), 'serin-scripts-'))
  await writeFile(join(scripts, 'plain.sh'), 'echo hello\n')
  await writeFile(join(scripts, 'odd.sh'), '#!/nowhere/interpreter\n')
  await chmod(join(scripts, 'odd.sh'), 0o755)
  const said = async (name: string, spec: VersionSpec): Promise<string> => {
    const runner = supervise(world, {})
    const { failure, replicas } = await until(runner, name, is('failed'), { spec })
    assert.deepEqual([failure?.code, replicas[0]?.restarts], ['workload.exited', 0])
    await runner.stop(name, patience())
    return failure?.message ?? ''
  }
  assert.equal(
    await said('a', { command: ['serin-nowhere'] }),
    'a cannot be started: there is no program "serin-nowhere" in PATH.',
  )
  assert.equal(
    await said('b', { command: ['./nowhere'], cwd: scripts }),
    `b cannot be started: there is no program ${scripts}/nowhere.`,
  )
  assert.equal(
    await said('c', { command: ['./plain.sh'], cwd: scripts }),
    `c cannot be started: ${scripts}/plain.sh is not executable.`,
  )
  assert.equal(
    await said('d', { command: ['./odd.sh'], cwd: scripts }),
    `d cannot be started: the interpreter that ${scripts}/odd.sh names in its first line does not exist.`,
  )
  assert.equal(
    await said('e', { command: ['sh'], cwd: join(scripts, 'missing') }),
    `e cannot be started: its working directory ${scripts}/missing does not exist.`,
  )
  await rm(scripts, { recursive: true })
})

test('a driver’s reading of an exit counts, and what it calls permanent fails at once', async () => {
  await using world = await openWorld()
  const runner = supervise(
    world,
    {},
    {
      explainExit: ({ code, lastLines }) =>
        code === 4
          ? { code: 'model.unloadable', message: `The model is torn (${lastLines.at(-1)}).`, permanent: true }
          : null,
    },
  )
  const { failure, replicas } = await until(runner, 'v1', is('failed'), { spec: world.version({ EXIT_CODE: '4' }) })
  assert.deepEqual(failure, {
    code: 'model.unloadable',
    message: 'The model is torn (Error: the database is not there).',
  })
  assert.equal(replicas[0]?.restarts, 0)
})

test('a version that never gets ready fails in time with what was found, and is ready if it comes after all', async () => {
  await using world = await openWorld()
  const runner = supervise(world, { ready: { every: '100ms', within: '1s' } })
  const late = world.version({ READY_AFTER_MS: '4000' })
  const { failure } = await until(runner, 'v1', is('failed'), { spec: late })
  assert.equal(failure?.code, 'workload.not-ready')
  assert.match(
    failure?.message ?? '',
    /^v1 was not ready within 1 s: http:\/\/127\.0\.0\.1:\d+\/ refused the connection\.( It said last: “listening soon as v1”\.)?$/,
  )
  const { replicas } = await until(runner, 'v1', is('ready'), { spec: late })
  assert.equal(replicas[0]?.restarts, 0)
})

test('what a version that is not ready answered is in the sentence, and what it said too', async () => {
  await using world = await openWorld()
  // Long enough for the program to come up on a busy machine.
  const runner = supervise(world, { ready: { every: '100ms', within: '8s' } })
  const { failure } = await until(runner, 'v1', is('failed'), { spec: world.version({ STATUS: '503' }) })
  assert.match(failure?.message ?? '', /\/ answered 503\. It said last: “listening soon as v1”\.$/)
})

test('a replica whose port somebody took is not taken for ready; it gets another port', async () => {
  await using world = await openWorld()
  const thief = createServer((_request, response) => response.end('thief')).listen(0, '127.0.0.1')
  await once(thief, 'listening')
  const address = thief.address()
  const stolen = typeof address === 'object' && address !== null ? address.port : 0
  const ports = [stolen]
  const runner = supervise(world, {}, { freePort: async () => ports.shift() ?? (await freePort()) })
  // Long enough to be looked at before it finds out and exits, on a busy machine too.
  const spec = world.version({ READY_AFTER_MS: '1000' })
  const found: string[] = []
  const { replicas } = await until(
    runner,
    'v1',
    (seen) => {
      const [replica] = seen.replicas
      if (replica?.endpoint?.endsWith(`:${stolen}`) === true) {
        assert.notEqual(replica.state, 'ready')
        found.push(replica.message ?? '')
      }
      return seen.state === 'ready'
    },
    { spec },
  )
  thief.close()
  assert.ok(found.includes(`Port ${stolen} is held by another program.`), found.join(' '))
  assert.equal(replicas[0]?.restarts, 1)
  assert.notEqual(replicas[0]?.endpoint, `http://127.0.0.1:${stolen}`)
})

test('a replica that hangs is started again', async () => {
  await using world = await openWorld()
  const runner = supervise(world, { live: { every: '200ms', timeout: '300ms', failures: 2 } })
  const spec = world.version()
  const [before] = (await until(runner, 'v1', is('ready'), { spec })).replicas
  const hung = await pidOf(before)
  process.kill(hung, 'SIGSTOP')
  const { replicas } = await until(runner, 'v1', is('degraded'), { spec })
  assert.match(replicas[0]?.message ?? '', /did not answer within 0\.[35] s/)
  const [after] = (await until(runner, 'v1', is('ready'), { spec })).replicas
  assert.equal(after?.restarts, 1)
  assert.notEqual(await pidOf(after), hung)
  await eventually('the one that hung is gone', () => !world.marked().includes(hung))
})

test('a version that was up once and then crashes again and again is degraded, waits longer each time and never fails', async () => {
  await using world = await openWorld()
  const runner = supervise(world, {})
  const spec = world.version()
  const waits: string[] = []
  for (let crash = 0; crash < 4; crash += 1) {
    const [replica] = (await until(runner, 'v1', is('ready'), { spec })).replicas
    process.kill(await pidOf(replica), 'SIGKILL')
    const seen = await until(runner, 'v1', is('degraded'), { spec })
    const message = (await until(runner, 'v1', (now) => now.replicas[0]?.state === 'backing-off', { spec })).replicas[0]
      ?.message
    waits.push(/starts again in (.*)\.$/.exec(message ?? '')?.[1] ?? String(message))
    assert.equal(seen.failure, null)
  }
  assert.deepEqual(waits, ['0.5 s', '1 s', '2 s', '4 s'])
})

test('a program that ignores SIGTERM is killed when its time is over, with all it started', async () => {
  for (const child of ['group', 'daemon']) {
    await using world = await openWorld()
    const runner = supervise(world, { stopWithin: '1s' })
    const spec = world.version({ IGNORE_TERM: 'yes', CHILD: child })
    await until(runner, 'v1', is('ready'), { spec })
    await eventually('it has a child', () => world.marked().length === 2)
    const before = performance.now()
    await runner.stop('v1', patience())
    assert.ok(performance.now() - before >= 1_000, 'it had its time')
    assert.deepEqual(world.leftovers(), [])
  }
})

test('a program that stops by itself gets the time it needs, and what it leaves behind is ended', async () => {
  await using world = await openWorld()
  const runner = supervise(world, { stopWithin: '30s' })
  await until(runner, 'v1', is('ready'), { spec: world.version({ STOP_AFTER_MS: '700', CHILD: 'daemon' }) })
  const before = performance.now()
  await runner.stop('v1', patience())
  const took = performance.now() - before
  assert.ok(took >= 690 && took < 25_000, `took ${took} ms`)
  assert.deepEqual(world.leftovers(), [])
})

test('children of a replica that was killed do not outlive it', async () => {
  await using world = await openWorld()
  const runner = supervise(world, {})
  const spec = world.version({ CHILD: 'group' })
  const [replica] = (await until(runner, 'v1', is('ready'), { spec })).replicas
  await eventually('it has a child', () => world.marked().length === 2)
  const before = world.marked()
  process.kill(await pidOf(replica), 'SIGKILL')
  await until(runner, 'v1', (seen) => seen.replicas[0]?.restarts === 1 && seen.state === 'ready', { spec })
  assert.deepEqual(
    world.marked().filter((pid) => before.includes(pid)),
    [],
  )
})

test('CPU and memory are measured, and a replica above its memory limit is started again', async () => {
  await using world = await openWorld()
  const runner = supervise(world, {}, { memoryMaxBytes: 300 * 1_048_576 })
  const spec = world.version()
  const measured = (seen: { readonly replicas: readonly ReplicaObservation[] }): boolean =>
    seen.replicas[0]?.cpuPercent !== null && seen.replicas[0]?.memoryBytes !== null
  const [replica] = (await until(runner, 'v1', measured, { spec })).replicas
  assert.ok((replica?.memoryBytes ?? 0) > 20 * 1_048_576 && (replica?.memoryBytes ?? 0) < 300 * 1_048_576)
  assert.ok((replica?.cpuPercent ?? -1) >= 0 && (replica?.cpuPercent ?? 1_000) <= 400)
  const greedy = world.version({ HOLD_BYTES: String(400 * 1_048_576) })
  const seen = await until(runner, 'v2', (now) => (now.replicas[0]?.restarts ?? 0) > 0, { spec: greedy })
  assert.equal(seen.failure, null)
  await until(runner, 'v2', (now) => /^It used \d{3} of 300 MiB/.test(now.replicas[0]?.message ?? ''), { spec: greedy })
  assert.equal(runner.observe('v1').replicas[0]?.restarts, 0)
})

test('more and fewer replicas are one ensure away', async () => {
  await using world = await openWorld()
  const runner = supervise(world, {})
  const two = world.version({}, { replicas: 2 })
  const before = await until(runner, 'v1', is('ready'), { spec: two })
  const three = { ...two, replicas: 3 }
  const more = await until(runner, 'v1', (seen) => seen.replicas.length === 3 && seen.state === 'ready', {
    spec: three,
  })
  assert.deepEqual(
    more.replicas.slice(0, 2),
    before.replicas.map((replica, i) => ({ ...replica, ...usage(more.replicas[i]) })),
  )
  const one = { ...two, replicas: 1 }
  const fewer = await until(runner, 'v1', (seen) => seen.replicas.length === 1, { spec: one })
  assert.deepEqual([fewer.state, fewer.replicas[0]?.endpoint], ['ready', before.replicas[0]?.endpoint])
  assert.equal(world.marked().length, 1)
})

function usage(replica: ReplicaObservation | undefined): Partial<ReplicaObservation> {
  return { cpuPercent: replica?.cpuPercent ?? null, memoryBytes: replica?.memoryBytes ?? null }
}

test('detach keeps no timer: a process that lets go can end', async () => {
  await using world = await openWorld()
  const runner = openProcesses(world.context())
  await until(runner, 'v1', is('ready'), { spec: world.version() })
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  runner.detach()
  assert.equal(runner.observe('v1').state, 'absent')
  runner.ensure('v1', world.version())
  assert.equal(runner.observe('v1').state, 'absent')
  await eventually('its timers are gone', () => {
    const now = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    return now < before
  })
  assert.equal(world.marked().length, 1)
  const next = world.own(openProcesses(world.context()))
  await next.stop('v1', patience())
  assert.deepEqual(world.leftovers(), [])
})
