/** The line of a command that takes long, in a real terminal. A machine without tmux skips it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Terminal } from './testing/terminal.ts'

const skip = spawnSync('tmux', ['-V']).status === 0 ? false : 'tmux is not installed'
const cwd = mkdtempSync(join(tmpdir(), 'serin-progress-'))
after(() => rmSync(cwd, { recursive: true, force: true }))
writeFileSync(
  join(cwd, 'serin.yaml'),
  `serin: v1
services:
  shop:
    listen: 8080
    workload: { kind: process, command: [node, server.js] }
    versions: { v1: {}, v2: {} }
    stable: v1
    strategy: { kind: canary, steps: [{ weight: 10%, hold: 1m }] }
`,
)
interface Told {
  readonly partial: boolean
  readonly asked: number
  readonly seeds: number
  readonly runs: readonly unknown[]
}
const simulate = 'simulate --to v2 --seeds 100000'

test('a simulation tells how far it is, and Ctrl-C keeps what it has so far', { skip }, async () => {
  const terminal = await Terminal.open({ cwd, line: `serin ${simulate}`, columns: 80, env: { NO_COLOR: '1' } })
  try {
    await terminal.until(/^[1-9][\d,]* of 100,000 releases… [2-9] s$/m)
    await terminal.press('C-c')
    const last = await terminal.until(/exit: 130/)
    assert.match(last, /^▲ Stopped after [1-9][\d,]* of 100,000 releases; all below is of those [\d,]+\.$/m)
    assert.match(last, /^OUTCOME +RUNS [^]*^(promoted|held)\b.* [1-9]/m)
    assert.doesNotMatch(last, /of 100,000 releases…/, 'the line is gone')
    assert.ok(!terminal.raw().includes('\u001B[2m'))
  } finally {
    await terminal.close()
  }
})

test('for a program it is JSON that says so; the line is on the terminal only', { skip }, async () => {
  const terminal = await Terminal.open({ cwd, line: `serin ${simulate} -o json > out.json`, columns: 40 })
  try {
    await terminal.until(/^[1-9][\d,]* of 100,000 releases… \d s$/m)
    await terminal.press('C-c')
    assert.match(await terminal.until(/exit: 130/), /^before\n[\^C]*\nexit: 130$|^before\nexit: 130$/)
    const { partial, asked, seeds, runs } = JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8')) as Told
    assert.deepEqual([partial, asked, seeds], [true, 100_000, runs.length])
    assert.ok(runs.length > 0)
  } finally {
    await terminal.close()
  }
})

test('whoever waits for a control plane is told for which, until it answers', { skip }, async () => {
  const waiting: ServerResponse[] = []
  const slow = createServer((_, response) => void waiting.push(response)).listen(0, '127.0.0.1')
  await once(slow, 'listening')
  const { port } = slow.address() as AddressInfo
  const env = { SERIN_URL: `http://127.0.0.1:${port}`, SERIN_TOKEN: 'a' }
  const terminal = await Terminal.open({ cwd, line: 'serin get services', columns: 30, env })
  try {
    await terminal.until(/^Waiting for http:\/\/127\.0… [1-9] s$/m)
    for (const response of waiting) response.end('{"services":[]}')
    assert.doesNotMatch(await terminal.until(/exit: 0/), /Waiting/)
  } finally {
    await terminal.close()
    slow.close()
    slow.closeAllConnections()
  }
})
