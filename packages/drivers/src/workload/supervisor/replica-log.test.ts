import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openProcesses } from '../process/driver.ts'
import { LogKeeper } from './log-keeper.ts'
import { identify, isAlive } from './process-identity.ts'
import { emptyRecord } from './replica-book.ts'
import { writeRecord } from './replica-file.ts'
import { lastLinesOf, logLimitBytes, openLog, pruneLogs } from './replica-log.ts'
import { ask, eventually, is, openWorld, until } from './testing/world.ts'

function withDirectory(run: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'serin-log-'))
    try {
      await run(directory)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0)

test('a chatty program cannot fill the disk, even while no control plane runs', async () => {
  await using world = await openWorld()
  const log = join(world.directory, 'v1.0.log')
  const spec = world.version({ CHATTER_BYTES: String(3 * logLimitBytes) })
  const runner = openProcesses(world.context())
  const { replicas } = await until(runner, 'v1', is('ready'), { spec })
  await eventually('the log was cut', () => sizeOf(`${log}.1`) > 0 && sizeOf(log) < logLimitBytes)
  assert.equal(sizeOf(`${log}.1`), logLimitBytes, 'the end of what was said is kept')

  runner.detach()
  const endpoint = replicas[0]?.endpoint ?? ''
  for (let written = 0; written <= 3 * logLimitBytes; written += 1_048_576) await ask(`${endpoint}/chat`)
  await eventually('the log was cut again', () => sizeOf(log) <= logLimitBytes)
  await ask(`${endpoint}/chat`)
  assert.ok(sizeOf(log) > 0, 'the program goes on writing to the same file')
  assert.ok(sizeOf(log) + sizeOf(`${log}.1`) <= 2 * logLimitBytes + 1_048_576)

  const next = world.own(openProcesses(world.context()))
  await next.stop('v1', AbortSignal.timeout(60_000))
  assert.deepEqual(world.leftovers(), [])
  assert.ok(existsSync(log), 'a log can be read after the end')
})

test(
  'the keeper ends by itself when no replica runs, and another one takes its place when it was killed',
  withDirectory(async (directory) => {
    const program = spawn('sleep', ['1000'], { stdio: 'ignore' })
    writeRecord(directory, { ...emptyRecord('v1', 0, 0), pid: program.pid ?? 0 })
    const keeperPid = (): number => (JSON.parse(readFile(join(directory, 'log-keeper.pid'))) as { pid: number }).pid
    const keeper = new LogKeeper(directory, 1_000)
    keeper.ensure()
    const first = keeperPid()
    process.kill(-first, 'SIGKILL')
    await eventually('the keeper is gone', () => identify(first) === null)
    keeper.ensure()
    const second = identify(keeperPid())
    assert.ok(second !== null && second.pid !== first)
    new LogKeeper(directory, 1_000).ensure()
    assert.equal(keeperPid(), second.pid, 'one is enough')

    writeFileSync(join(directory, 'v1.0.log'), `${'a'.repeat(1_500)}${'b'.repeat(500)}`)
    await eventually('the log was cut', () => sizeOf(join(directory, 'v1.0.log')) === 0)
    assert.equal(readFile(join(directory, 'v1.0.log.1')), `${'a'.repeat(500)}${'b'.repeat(500)}`)

    program.kill('SIGKILL')
    await once(program, 'exit')
    await eventually('the keeper ends', () => !isAlive(second))
  }),
)

test(
  'the last lines are those since the last start, without colours and empty lines, and never long',
  withDirectory((directory) => {
    const file = join(directory, 'v1.0.log')
    const say = (text: string): void => writeFileSync(file, text, { flag: 'a' })
    closeSync(openLog(file, 'v1/0 starts'))
    say('of the first start\n')
    assert.deepEqual(lastLinesOf(file), ['of the first start'])
    closeSync(openLog(file, 'v1/0 starts'))
    assert.deepEqual(lastLinesOf(file), [])
    say(`\u001B[31mred\u001B[0m\n\n  \nbell\u0007\r\n${'x'.repeat(1_000)}\n`)
    assert.deepEqual(lastLinesOf(file), ['red', 'bell', `${'x'.repeat(300)}…`])
    for (let i = 0; i < 50; i += 1) say(`line ${i}\n`)
    assert.deepEqual(
      lastLinesOf(file),
      Array.from({ length: 30 }, (_, i) => `line ${20 + i}`),
    )
    assert.deepEqual(lastLinesOf(join(directory, 'none')), [])
  }),
)

test(
  'a log that was cut a moment ago does not hide what came before',
  withDirectory((directory) => {
    const file = join(directory, 'v1.0.log')
    writeFileSync(`${file}.1`, 'serin: v1/0 starts\nthe reason\n')
    writeFileSync(file, 'the end\n')
    assert.deepEqual(lastLinesOf(file), ['the reason', 'the end'])
  }),
)

test(
  'logs of replicas that are gone are kept, the newest of them',
  withDirectory((directory) => {
    for (let i = 0; i < 6; i += 1) {
      for (const ending of ['log', 'log.1']) writeFileSync(join(directory, `v${i}.0.${ending}`), '')
      utimesSync(join(directory, `v${i}.0.log`), i, i)
    }
    writeRecord(directory, emptyRecord('v0', 0, 0))
    pruneLogs(directory, 2)
    assert.deepEqual(readdirSync(directory).sort(), [
      'v0.0.json',
      ...['v0', 'v4', 'v5'].flatMap((version) => [`${version}.0.log`, `${version}.0.log.1`]),
    ])
  }),
)

function readFile(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
