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
import { askReplication } from './driver.ts'

type ReplicationGate = Extract<Gate, { kind: 'replication' }>

const secret = 'db-0d3e'
const never = new AbortController().signal

function gateOf(script: string, more: Readonly<Record<string, unknown>> = {}): ReplicationGate {
  const gate = Gate.parse({ kind: 'replication', command: ['sh', '-c', script], ...more })
  assert.ok(gate.kind === 'replication')
  return gate
}

function contextIn(baseDirectory: string): GateContext {
  return {
    service: 'shop',
    rollout: 'shop-1',
    attempt: 1,
    step: 0,
    stable: 'v1',
    canary: 'v2',
    preview: null,
    baseDirectory,
  }
}

gateContract('replication', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'serin-gate-'))
  const [pids, heard] = [join(directory, 'pids'), join(directory, 'heard')]
  await writeFile(join(directory, 'password'), secret)
  const env = { PASSWORD: 'file:password' }
  const running = (): readonly string[] =>
    existsSync(pids)
      ? readFileSync(pids, 'utf8')
          .split('\n')
          .filter((pid) => pid !== '' && identify(Number(pid)) !== null)
      : []
  const hang = `echo $$ >> ${pids}; sleep 600`
  return {
    ask: askReplication,
    context: contextIn(directory),
    passing: gateOf('echo \'{"lagMs": 1000}\''),
    refusing: gateOf(`echo "$PASSWORD" > ${heard}; echo "cannot log in with $PASSWORD"`, { env }),
    refusal: /^sh printed no \{"lagMs": 120\}\. It said last: “cannot log in with •••”\.$/,
    secret,
    heard: async () => existsSync(heard) && readFileSync(heard, 'utf8').trim() === secret,
    hanging: gateOf(hang, { timeout: '10m' }),
    brief: gateOf(hang, { timeout: '300ms' }),
    lacking: gateOf('true', { env: { PASSWORD: 'env:SERIN_TEST_ABSENT' } }),
    asked: async () => {
      while (running().length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    leftovers: async () => running(),
    close: async () => await rm(directory, { recursive: true, force: true }),
  }
})

test('a lag above the limit waits, nonsense waits, and only what was printed last counts', async () => {
  const cases: readonly [string, string, RegExp][] = [
    ['echo \'{"lagMs": 1000.5}\'', 'waiting', /^The copy is 1 s behind; at most 1 s is wanted\.$/],
    ['echo \'{"lagMs": 61000}\'', 'waiting', /^The copy is 61 s behind; at most 1 s is wanted\.$/],
    ['echo connecting; echo \'{"lagMs": 0, "slot": "b"}\'; echo note >&2', 'passed', /^The copy is 0 s behind\.$/],
    ['echo \'{"lagMs": -1}\'', 'waiting', /printed no/],
    ['echo \'{"lagMs": "12"}\'', 'waiting', /printed no/],
    ['echo null', 'waiting', /printed no/],
    ['true', 'waiting', /printed no \{"lagMs": 120\}\.$/],
    ['echo \'{"lagMs": 0}\'; exit 2', 'waiting', /^sh exited with code 2\./],
  ]
  for (const [script, outcome, why] of cases) {
    const answer = await askReplication(gateOf(script), contextIn(tmpdir()), never)
    assert.equal(answer.outcome, outcome, script)
    assert.match(answer.why, why)
  }
})
