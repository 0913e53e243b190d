import type { GateContext } from '@serin/kit'
import { gateContract } from '@serin/kit/contract'
import { Gate } from '@serin/spec'
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../workload/supervisor/process-identity.ts'
import { askCommand } from './driver.ts'

type CommandGate = Extract<Gate, { kind: 'command' }>

const secret = 'pass-91c4'
const never = new AbortController().signal

function gateOf(script: string, more: Readonly<Record<string, unknown>> = {}): CommandGate {
  const gate = Gate.parse({ kind: 'command', command: ['sh', '-c', script], ...more })
  assert.ok(gate.kind === 'command')
  return gate
}

interface Place extends AsyncDisposable {
  readonly context: GateContext
  readonly file: (name: string) => string
}

async function place(preview: string | null = null): Promise<Place> {
  const baseDirectory = await mkdtemp(join(tmpdir(), 'serin-gate-'))
  return {
    context: {
      service: 'shop',
      rollout: 'shop-1',
      attempt: 1,
      step: 0,
      stable: 'v1',
      canary: 'v2',
      preview,
      baseDirectory,
    },
    file: (name) => join(baseDirectory, name),
    [Symbol.asyncDispose]: async () => await rm(baseDirectory, { recursive: true, force: true }),
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 3_000 && !holds(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(holds(), what)
}

/** Pids that the scripts of a test wrote down, as far as they still run. */
function running(file: string): readonly string[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((pid) => pid !== '' && identify(Number(pid)) !== null)
}

gateContract('command', async () => {
  const at = await place()
  const { context, file } = at
  await writeFile(file('token'), `${secret}\n`)
  const env = { TOKEN: 'file:token' }
  const [pids, heard] = [file('pids'), file('heard')]
  // A child of its own that hears no SIGTERM: the whole group has to go.
  const hang = `(trap '' TERM; echo $$ >> ${pids}; sleep 600) & echo $$ >> ${pids}; wait`
  return {
    ask: askCommand,
    context,
    passing: gateOf('exit 0'),
    refusing: gateOf(`echo "$TOKEN" > ${heard}; echo "token $TOKEN is wrong" >&2; exit 3`, { env }),
    refusal: /^sh exited with code 3\. It said last: “token ••• is wrong”\.$/,
    secret,
    heard: async () => existsSync(heard) && readFileSync(heard, 'utf8').trim() === secret,
    hanging: gateOf(hang),
    brief: gateOf(hang, { within: '300ms' }),
    lacking: gateOf('true', { env: { TOKEN: 'env:SERIN_TEST_ABSENT' } }),
    asked: async () => await until('it runs', () => running(pids).length > 0),
    leftovers: async () => running(pids),
    close: async () => await at[Symbol.asyncDispose](),
  }
})

test('arguments and environment say what it is about, and no shell reads them', async () => {
  await using at = await place('http://127.0.0.1:4001')
  const script =
    'printf "%s " "$@" "$SERIN_SERVICE" "$SERIN_VERSION" "$SERIN_STABLE" "$SERIN_ROLLOUT" "$SERIN_PREVIEW" "$A"; exit 1'
  const gate = {
    ...gateOf('true', { env: { A: 'a' } }),
    command: ['sh', '-c', script, 'x', '{preview}/$(id)', '{version};{braces}'],
  }
  const { why } = await askCommand(gate, at.context, never)
  assert.match(
    why,
    /“http:\/\/127\.0\.0\.1:4001\/\$\(id\) v2;\{braces\} shop v2 v1 shop-1 http:\/\/127\.0\.0\.1:4001 a ?”/,
  )
})

test('it is tried again as often as asked, and no more', async () => {
  await using at = await place()
  const count = `echo x >> tries; [ $(wc -l < tries) -ge 3 ]`
  assert.match(
    (await askCommand(gateOf(count, { retries: 1 }), at.context, never)).why,
    /exited with code 1 at try 2\./,
  )
  assert.equal(readFileSync(at.file('tries'), 'utf8').length, 4)
  assert.deepEqual(await askCommand(gateOf(count, { retries: 5 }), at.context, never), {
    outcome: 'passed',
    why: 'sh ended well.',
  })
})

test('all tries together have the time of the gate', async () => {
  await using at = await place()
  const gate = gateOf('echo x >> tries; exit 1', { retries: 20, within: '1s' })
  assert.equal((await askCommand(gate, at.context, never)).outcome, 'failed')
  assert.ok(readFileSync(at.file('tries'), 'utf8').length < 20)
})

test('what a command leaves behind when it ends is ended too', async () => {
  await using at = await place()
  const gate = gateOf(`sleep 600 & echo $! > ${at.file('pids')}; exit 0`)
  assert.equal((await askCommand(gate, at.context, never)).outcome, 'passed')
  assert.deepEqual(running(at.file('pids')), [])
})

test('output without end is bounded, and a secret that is cut in half is not shown', async () => {
  await using at = await place()
  const long = 'S3CRET'.repeat(200)
  await writeFile(at.file('token'), long)
  // The kept end of it begins within the secret, on the same line as the last words.
  const gate = gateOf('printf "%s" "$TOKEN"; head -c 64600 /dev/zero | tr "\\0" x; exit 1', {
    env: { TOKEN: 'file:token' },
  })
  const { why } = await askCommand(gate, at.context, never)
  assert.ok(!why.includes('S3CRET'), why)
  const flood = gateOf('head -c 50000000 /dev/zero | tr "\\0" "\\n"; echo the end; exit 1')
  assert.match((await askCommand(flood, at.context, never)).why, /“the end”\.$/)
})

test('a program that is not there has failed at once, one that needs a preview waits for it', async () => {
  await using at = await place()
  const gate = { ...gateOf('true'), command: ['no-such-program'], retries: 20 }
  assert.deepEqual(await askCommand(gate, at.context, never), {
    outcome: 'failed',
    why: 'no-such-program cannot be started: there is no program "no-such-program" in PATH.',
  })
  const early = await askCommand({ ...gate, command: ['sh', '{preview}'] }, at.context, never)
  assert.equal(early.outcome, 'waiting')
})
