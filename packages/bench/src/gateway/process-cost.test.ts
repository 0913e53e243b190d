import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { cpuUsOf, rssMBOf } from './process-cost.ts'

const skip = process.platform === 'linux' ? false : 'CPU and memory of other processes are read from /proc: Linux only'

test('the cost of a process holds that of its children', { skip, timeout: 30_000 }, async () => {
  const burn = `for (const end = Date.now() + 300; Date.now() < end; );`
  const script = `
    const { spawn } = require('node:child_process')
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(`${burn} console.log('burnt'); setInterval(() => {}, 1e6)`)}])
    child.stdout.pipe(process.stdout)
    process.on('SIGTERM', () => { child.kill('SIGKILL'); process.exit() })
    setInterval(() => {}, 1e6)`
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const pid = parent.pid ?? 0
    await once(parent.stdout, 'data')
    const [cpuUs, rssMB] = [await cpuUsOf(pid), await rssMBOf(pid)]
    assert.ok(cpuUs > 50_000, `${cpuUs} µs`)
    assert.ok(rssMB > 50, `two processes of Node have ${rssMB} MB`)
  } finally {
    const over = once(parent, 'exit')
    parent.kill('SIGTERM')
    await over
  }
})

test('a process that is not there costs no number', async () => {
  assert.ok(Number.isNaN(await cpuUsOf(-1)))
})
