import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openProcesses } from '../process/driver.ts'
import { readRecords } from './replica-file.ts'
import { contextIn, eventually, is, openWorld, pidOf, until } from './testing/world.ts'

test('a state directory that cannot be used is said in one sentence, and used as soon as it can be', async () => {
  await using world = await openWorld()
  const directory = join(world.directory, 'state')
  writeFileSync(directory, 'a file where the directory should be')
  const runner = world.own(openProcesses(contextIn(directory, {})))
  const spec = world.version()
  assert.equal(runner.observe('v1').state, 'absent')
  const { failure, replicas } = await until(runner, 'v1', is('failed'), { spec })
  assert.deepEqual(failure, {
    code: 'store.unwritable',
    message: `v1 cannot be started: ${directory} cannot be used (EEXIST).`,
  })
  assert.deepEqual([replicas, runner.versions(), world.marked()], [[], ['v1'], []])
  rmSync(directory)
  await until(runner, 'v1', is('ready'), { spec })
  await runner.stop('v1', AbortSignal.timeout(60_000))
})

test('a version that was stopped while its directory could not be used is not wanted any more', async () => {
  await using world = await openWorld()
  const directory = join(world.directory, 'state')
  writeFileSync(directory, '')
  const runner = openProcesses(contextIn(directory, {}))
  runner.ensure('v1', world.version())
  await runner.stop('v1', AbortSignal.timeout(60_000))
  assert.deepEqual([runner.versions(), runner.observe('v1').state], [[], 'absent'])
})

/** A small disk of its own, or why there is none. */
function openSmallDisk(): { readonly disk: string; close(): void } | { readonly reason: string } {
  const disk = mkdtempSync(join(tmpdir(), 'serin-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'serin-test', disk], { stdio: 'ignore' })
  } catch {
    rmSync(disk, { recursive: true })
    return { reason: 'A small disk cannot be mounted here (that takes root on Linux), so a full one cannot be tried.' }
  }
  return {
    disk,
    close() {
      execFileSync('umount', ['-l', disk])
      rmSync(disk, { recursive: true })
    },
  }
}

test('on a full disk nothing new is started, what runs goes on, and it comes right when there is room', async (t) => {
  const small = openSmallDisk()
  if ('reason' in small) return t.skip(small.reason)
  try {
    await using world = await openWorld()
    const directory = join(small.disk, 'versions')
    mkdirSync(directory)
    const runner = world.own(openProcesses(contextIn(directory, {})))
    const spec = world.version()
    const before = await until(runner, 'v1', is('ready'), { spec })

    const ballast = join(small.disk, 'ballast')
    for (let bytes = 65_536; bytes > 0; bytes = Math.floor(bytes / 2)) fill(ballast, bytes)
    const { failure, replicas } = await until(runner, 'v2', is('failed'), { spec })
    assert.deepEqual(failure, {
      code: 'store.full',
      message: `v2 cannot be started: the disk of ${directory} is full.`,
    })
    assert.equal(replicas[0]?.state, 'backing-off')
    assert.deepEqual(
      runner.observe('v1').replicas.map(({ endpoint, restarts }) => [endpoint, restarts]),
      before.replicas.map(({ endpoint }) => [endpoint, 0]),
    )

    // One that was up is started again all the same, under the token that is on disk.
    process.kill(await pidOf(before.replicas[0]), 'SIGKILL')
    await until(runner, 'v1', (seen) => seen.replicas[0]?.restarts === 1 && seen.state === 'ready', { spec })
    const unrecorded = world.marked()
    assert.equal(unrecorded.length, 1)

    // Whoever finds the old record ends it before another one is started.
    runner.detach()
    const next = world.own(openProcesses(contextIn(directory, {})))
    await until(next, 'v1', is('ready'), { spec })
    assert.equal(world.marked().length, 1)
    assert.notDeepEqual(world.marked(), unrecorded)

    next.ensure('v2', spec)
    rmSync(ballast)
    await until(next, 'v2', is('ready'), { spec })
    const pids = await Promise.all(['v1', 'v2'].map(async (version) => await pidOf(next.observe(version).replicas[0])))
    assert.deepEqual(new Set(pids), new Set(world.marked()))
    await eventually('what could not be written is written', () => {
      const recorded = readRecords(directory).map((record) => record.pid)
      return pids.every((pid) => recorded.includes(pid))
    })
    for (const version of ['v1', 'v2']) await next.stop(version, AbortSignal.timeout(60_000))
  } finally {
    small.close()
  }
})

/** Writes until there is no room. */
function fill(file: string, bytes: number): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' })
  } catch {
    // That was the last of it.
  }
}
