/** Follows docs/tutorial/first-release.md as a reader would: its files, its commands, in its order. Only the port is another. */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { freePort } from './harness/free-port.ts'
import { pageFile } from './harness/page-file.ts'
import { until } from './harness/until.ts'

const tutorial = readFileSync(new URL('../../docs/tutorial/first-release.md', import.meta.url), 'utf8')
const serinFile = fileURLToPath(new URL('../../bin/serin', import.meta.url))
const writtenPort = 8080

test('the tutorial does what it says', { timeout: 900_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'serin-first-release-'))
  const port = await freePort()
  const running: ChildProcess[] = []
  t.after(async () => {
    // In order, so that gateways and replicas, which outlive a control plane, end as well.
    for (const child of running) await ended(child, 'SIGTERM')
    rmSync(directory, { recursive: true, force: true })
  })
  for (const name of ['server.mjs', 'serin.yaml', 'traffic.mjs'])
    writeFileSync(join(directory, name), pageFile(tutorial, name).replaceAll(String(writtenPort), String(port)))
  const serin = (line: string) => {
    assert.ok(tutorial.includes(`\n${line}\n`), `the tutorial has the command "${line}"`)
    const words = line.split(/ (?=(?:[^"]*"[^"]*")*[^"]*$)/).map((word) => word.replaceAll('"', ''))
    return spawnSync(serinFile, words.slice(1), { cwd: directory, encoding: 'utf8' })
  }
  const start = (file: string, args: readonly string[]) => {
    const child = spawn(file, args, { cwd: directory, stdio: 'ignore' })
    running.push(child)
    return child
  }

  const up = start(serinFile, ['up', '--port', '0'])
  const address = `http://127.0.0.1:${port}/`
  await until('v1 answers', async () => (await fetch(address)).status === 200)
  start(process.execPath, ['traffic.mjs', address])

  const bad = serin('serin release hello --to v2 --wait')
  assert.equal(bad.status, 2, `rolled back: ${bad.stdout}${bad.stderr}`)
  assert.match(serin('serin explain hello').stdout, /v2 was rolled back \(harmful\)/)

  const good = serin('serin release hello --to v3 --wait')
  assert.equal(good.status, 0, `promoted: ${good.stdout}${good.stderr}`)
  assert.match(await (await fetch(address)).text(), /hello from v3/)

  const back = serin('serin undo hello --why "just looking"')
  assert.equal(back.status, 0, back.stderr)
  await until('v1 answers again', async () => (await (await fetch(address)).text()).includes('v1'))

  assert.match(serin('serin get journal').stdout, /just looking/)
  assert.equal(serin('serin journal verify').status, 0)

  await ended(up, 'SIGINT')
  assert.equal(up.exitCode, 0, 'Ctrl-C ends it in order')
  await assert.rejects(fetch(address), 'nothing is left running')
})

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
