import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { identify, isAlive, parseStat } from './process-identity.ts'
import { listenersIn, listensOn, listProcesses, membersOf } from './process-table.ts'
import { eventually } from './testing/world.ts'

test('a name with spaces and parentheses does not confuse the fields of a process', () => {
  const rest = 'S 1 77 77 0 -1 4194560 1 2 3 4 11 22 0 0 20 0 1 0 987654 1000 10'
  assert.deepEqual(parseStat(`78 (a) b (c) ${rest}`), { group: 77, cpuTicks: 33, startTime: 987_654 })
  assert.equal(parseStat(`78 (node) ${rest.replace('S', 'Z')}`), null, 'a zombie has ended')
  assert.equal(parseStat(''), null)
})

test('a process that ended is not alive, and neither is one that has its pid later', async () => {
  const child = spawn('sleep', ['1000'])
  const identity = identify(child.pid ?? 0)
  assert.ok(identity !== null && isAlive(identity))
  assert.equal(isAlive({ ...identity, startTime: (identity.startTime ?? 0) - 1 }), false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(isAlive(identity), false)
})

test('members of a replica are its group and all who inherited its token, and nobody else', async () => {
  const script = 'setsid sleep 1000 & env -i sleep 1000 & wait'
  const env = { PATH: process.env['PATH'], SERIN_REPLICA_TOKEN: 'of-a-test' }
  const [child, other] = [
    spawn('sh', ['-c', script], { detached: true, env }),
    spawn('sleep', ['1000'], { detached: true, env: { ...env, SERIN_REPLICA_TOKEN: 'of-another' } }),
  ]
  const identity = identify(child.pid ?? 0)
  const members = async () => (await membersOf(identity, 'of-a-test')) ?? []
  await eventually('shell, daemon and child with an empty environment', async () => (await members()).length === 3)
  assert.ok((await members()).every((row) => row.pid !== other.pid))
  for (const { pid } of await members()) process.kill(pid, 'SIGKILL')
  other.kill('SIGKILL')
  await eventually('they are gone', async () => (await members()).length === 0)
})

test('the list of processes knows this one', async () => {
  const own = (await listProcesses())?.find((row) => row.pid === process.pid)
  assert.equal(own?.startTime, identify(process.pid)?.startTime)
})

test('who listens on a port is known', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  assert.equal(await listensOn(port, [process.pid]), true)
  assert.equal(await listensOn(port, [1]), false)
  server.close()
  await once(server, 'close')
  assert.equal(await listensOn(port, [process.pid]), false)
})

test('only sockets that listen count, and only on that very port', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0',
    '   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0',
  ].join('\n')
  assert.deepEqual(listenersIn(table, 8_080), ['111'])
})
