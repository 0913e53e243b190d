import type { WorkloadObservation } from '@serin/kit'
import type { VersionSpec } from '@serin/spec'
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openProcesses } from '../process/driver.ts'
import { bootId, identify } from './process-identity.ts'
import { emptyRecord } from './replica-book.ts'
import { readRecords, writeRecord } from './replica-file.ts'
import { contextIn, eventually, factsOf, is, openWorld, program, until, type World } from './testing/world.ts'

const controlPlane = fileURLToPath(new URL('testing/control-plane.ts', import.meta.url))

function startControlPlane(
  { directory }: World,
  workload: Readonly<Record<string, unknown>>,
  spec: VersionSpec,
): ChildProcess {
  const args = [controlPlane, directory, JSON.stringify(workload), JSON.stringify(spec)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** What it says once every replica is ready. */
async function saysReady(plane: ChildProcess): Promise<{ readonly endpoints: readonly string[] }> {
  let text = ''
  for await (const chunk of plane.stdout ?? []) {
    text += String(chunk)
    const line = text.split('\n').find((each) => each.includes('"state":"ready"'))
    if (line !== undefined) return JSON.parse(line) as { endpoints: string[] }
  }
  throw new Error(`The control plane ended: ${text}`)
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function pidsOf({ replicas }: WorkloadObservation): Promise<readonly number[]> {
  const facts = await Promise.all(replicas.map(factsOf))
  return facts.map((each) => each?.pid ?? 0)
}

test('replicas outlive a control plane that is killed, and the next one adopts them with the same pids and ports', async () => {
  await using world = await openWorld()
  const spec = world.version()
  const plane = startControlPlane(world, { replicas: 3 }, spec)
  const { endpoints } = await saysReady(plane)
  const before = await Promise.all(endpoints.map((endpoint) => factsOf({ endpoint })))
  await kill(plane)
  assert.equal(world.marked().length, 3)

  const runner = world.own(openProcesses(world.context({ replicas: 3 })))
  assert.deepEqual(runner.versions(), ['v1'])
  runner.ensure('v1', spec)
  const adopted = runner.observe('v1')
  assert.equal(adopted.state, 'ready', 'from the first moment, so that the router keeps its addresses')
  assert.deepEqual(
    adopted.replicas.map((replica) => replica.endpoint),
    endpoints,
  )
  await sleep(1_000)
  const later = await until(runner, 'v1', is('ready'), { spec })
  assert.deepEqual(
    await pidsOf(later),
    before.map((facts) => facts?.pid),
  )
  assert.deepEqual(
    later.replicas.map((replica) => replica.restarts),
    [0, 0, 0],
  )

  // Nobody's parent any more, and still it is seen when one dies.
  process.kill((await pidsOf(later))[1] ?? 0, 'SIGKILL')
  await until(runner, 'v1', is('degraded'), { spec })
  const back = await until(runner, 'v1', is('ready'), { spec })
  assert.deepEqual(
    back.replicas.map((replica) => replica.restarts),
    [0, 1, 0],
  )
  await runner.stop('v1', AbortSignal.timeout(60_000))
  assert.deepEqual(world.leftovers(), [])
})

test('whenever a control plane is killed, no replica is lost and none runs twice', async () => {
  await using world = await openWorld()
  const spec = world.version()
  let seed = 7
  for (let round = 0; round < 12; round += 1) {
    const plane = startControlPlane(world, { replicas: 2 }, spec)
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    // From before it has begun to after everything is ready.
    await sleep(150 + (seed % 1_000))
    await kill(plane)
    assert.ok(world.marked().length <= 2, `round ${round}: ${world.marked().length} replicas run`)
    const [victim] = world.marked()
    if (round % 3 === 2 && victim !== undefined) process.kill(victim, 'SIGKILL')
  }
  const runner = world.own(openProcesses(world.context({ replicas: 2 })))
  // One that was killed a moment ago may still be taken for ready.
  await eventually('two replicas answer, and nothing else runs', async () => {
    const pids = await pidsOf(await until(runner, 'v1', is('ready'), { spec }))
    const running = world.marked()
    return running.length === 2 && new Set(pids).size === 2 && pids.every((pid) => running.includes(pid))
  })
  await runner.stop('v1', AbortSignal.timeout(60_000))
  assert.deepEqual(world.leftovers(), [])
})

/** Starts the program as a control plane would that died before it could write down the pid. */
function startUnrecorded(world: World, port: number, token: string): number {
  const env = { ...process.env, MARK: world.mark, PORT: String(port), SERIN_VERSION: 'v1', SERIN_REPLICA_TOKEN: token }
  const child = spawn(program[0] ?? '', program.slice(1), { detached: true, stdio: 'ignore', env })
  child.unref()
  return child.pid ?? 0
}

test('a process whose pid nobody wrote down is found by its token', async () => {
  await using world = await openWorld()
  const context = world.context()
  const spec = world.version()
  const record = emptyRecord('v1', 0, Date.now())
  const port = 20_000 + (process.pid % 10_000)
  writeRecord(world.directory, { ...record, phase: 'launching', token: 'a-token', port, launchedAt: Date.now() })
  const pid = startUnrecorded(world, port, 'a-token')
  const runner = world.own(openProcesses(context))
  const seen = await until(runner, 'v1', (now) => now.replicas.some((replica) => replica.endpoint !== null), { spec })
  assert.equal(seen.replicas[0]?.endpoint, `http://127.0.0.1:${port}`)
  assert.equal(readRecords(world.directory)[0]?.pid, pid)
  assert.deepEqual(world.marked(), [pid])
})

test('a process whose pid nobody wrote down is stopped too, by a control plane that does not want it', async () => {
  await using world = await openWorld()
  const intent = { ...emptyRecord('v1', 0, 1), phase: 'launching', token: 'b-token', launchedAt: Date.now() } as const
  writeRecord(world.directory, intent)
  startUnrecorded(world, 0, 'b-token')
  const runner = world.own(openProcesses(world.context()))
  assert.deepEqual(runner.versions(), ['v1'])
  await runner.stop('v1', AbortSignal.timeout(60_000))
  assert.deepEqual(world.leftovers(), [])
})

test('an intent that came to nothing is started after all, once', async () => {
  await using world = await openWorld()
  const spec = world.version()
  writeRecord(world.directory, {
    ...emptyRecord('v1', 0, Date.now()),
    phase: 'launching',
    token: 'c-token',
    launchedAt: Date.now(),
  })
  const runner = world.own(openProcesses(world.context()))
  await until(runner, 'v1', is('ready'), { spec })
  assert.equal(world.marked().length, 1)
})

test('a process that merely has the pid of a former replica is neither adopted nor touched', async () => {
  await using world = await openWorld()
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  const own = identify(stranger.pid ?? 0)
  assert.ok(own !== null)
  const record = { ...emptyRecord('v1', 0, Date.now()), token: 'd-token', phase: 'running', pid: own.pid } as const
  for (const [index, wrong] of [
    { startTime: (own.startTime ?? 0) - 1, boot: bootId() },
    { startTime: own.startTime, boot: 'another boot' },
  ].entries())
    writeRecord(world.directory, { ...record, index, ...wrong })
  const runner = world.own(openProcesses(world.context({ replicas: 2 })))
  const seen = await until(runner, 'v1', is('ready'), { spec: world.version() })
  assert.ok(!(await pidsOf(seen)).includes(own.pid))
  await runner.stop('v1', AbortSignal.timeout(60_000))
  assert.equal(stranger.exitCode ?? stranger.signalCode, null)
  await kill(stranger)
})

test('a torn record is nobody’s, and records and logs are their owner’s only', async () => {
  await using world = await openWorld()
  writeFileSync(join(world.directory, 'v1.0.json'), '{"pid":12')
  writeFileSync(join(world.directory, 'v1.1.json'), '{"pid":12}')
  const runner = world.own(openProcesses(world.context()))
  assert.deepEqual(runner.versions(), [])
  await until(runner, 'v1', is('ready'), { spec: world.version() })
  for (const name of ['v1.0.json', 'v1.0.log', 'log-keeper.pid'])
    assert.equal(statSync(join(world.directory, name)).mode & 0o777, 0o600, name)
  assert.equal(statSync(world.directory).mode & 0o777, 0o700)
})

test('another description replaces adopted replicas one by one, and as many serve as before', async () => {
  await using world = await openWorld()
  const workload = { replicas: 2 }
  const first = world.own(openProcesses(world.context(workload)))
  const spec = world.version()
  const before = await until(first, 'v1', is('ready'), { spec })
  first.detach()
  const next = world.own(openProcesses(contextIn(world.directory, { ...workload, env: { MORE: 'memory' } })))
  let fewest = 2
  const replaced = await until(
    next,
    'v1',
    (seen) => {
      fewest = Math.min(fewest, seen.replicas.filter((replica) => replica.state === 'ready').length)
      const endpoints = before.replicas.map((replica) => replica.endpoint)
      return seen.replicas.length === 2 && seen.replicas.every(({ endpoint }) => !endpoints.includes(endpoint))
    },
    { spec },
  )
  assert.deepEqual([replaced.state, fewest], ['ready', 2])
  await eventually('two processes are left', () => world.marked().length === 2)
  for (const { pid } of readRecords(world.directory))
    assert.ok(readFileSync(`/proc/${pid}/environ`, 'utf8').includes('MORE=memory'))
})
