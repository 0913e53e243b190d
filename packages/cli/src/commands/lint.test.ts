import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../testing/run.ts'

const directory = mkdtempSync(join(tmpdir(), 'serin-lint-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const good = `serin: v1
services:
  shop:
    listen: 8080
    workload: { kind: endpoints }
    stable: v1
    versions:
      v1: { endpoints: ['http://127.0.0.1:3001'] }
`

function write(text: string): void {
  writeFileSync(join(directory, 'serin.yaml'), text)
}

test('a file that is fine needs no control plane', async () => {
  write(good)
  const { code, stdout, stderr } = await run(['lint'], { cwd: directory })
  assert.deepEqual([code, stdout, stderr], [0, 'serin.yaml is fine.\n', ''])
})

test('a typo is told with file, line, column, what was expected, and the nearest name', async () => {
  write(good.replace('stable: v1', 'stabel: v1'))
  const { code, stdout, stderr } = await run(['lint', '-f', 'serin.yaml'], { cwd: directory })
  assert.equal(code, 1)
  assert.match(
    stdout,
    /^serin\.yaml:6:5: services\.shop\.stabel: Unknown key "stabel"\. Known here: .* Did you mean stable\?$/m,
  )
  assert.match(stderr, /^serin\.yaml has \d problems?\.$/m)
})

test('for a program the issues are data', async () => {
  write(good.replace('endpoints }', 'endpoint }'))
  const { code, stdout, stderr } = await run(['lint', '-f', 'serin.yaml', '-o', 'json'], { cwd: directory })
  const result = JSON.parse(stdout) as { ok: boolean; issues: { line: number; nearest?: string }[] }
  assert.deepEqual(
    [code, result.ok, result.issues[0]?.line, result.issues[0]?.nearest, stderr],
    [1, false, 5, 'endpoints', ''],
  )
})

test('a strategy that cannot be is told with the nearest name, too', async () => {
  write(
    `${good}    strategy: { kind: blue-green, gates: [{ kind: dependency, service: shpo }, { kind: dependency, service: bank }] }\n`,
  )
  const { code, stdout, stderr } = await run(['lint'], { cwd: directory })
  assert.equal(code, 1)
  assert.match(
    stdout,
    /^serin\.yaml:9:\d+: services\.shop\.strategy\.gates\.0\.service: No service .*"shpo".* Did you mean shop\?$/m,
  )
  assert.match(stdout, /gates\.1\.service: No service of this file is called "bank"\. Known: shop\.$/m)
  assert.equal(stderr, 'serin.yaml has 2 problems.\n')
})

test('stdin is a file too', async () => {
  assert.equal((await run(['lint', '-f', '-'], { stdin: good })).code, 0)
  assert.match((await run(['lint', '-f', '-'], { stdin: 'a: [' })).stdout, /^stdin:1:\d+: Something is not closed/)
})

test('a file that is not there: what, why, what to do', async () => {
  const { code, stderr } = await run(['lint', '-f', 'other.yaml'], { cwd: directory })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /other\.yaml cannot be read .*\[config\.unreadable\]\n {2}why {2}ENOENT.*\n(.*\n)?.* {2}do {3}Check the path/,
  )
})

test('a judge that makes no correction is a warning: told, and no problem', async () => {
  write(`${good}    analysis: { judge: kayenta }\n`)
  const { code, stdout, stderr } = await run(['lint'], { cwd: directory })
  assert.deepEqual([code, stdout], [0, 'serin.yaml is fine.\n'])
  assert.match(stderr, /^warning: services\.shop\.analysis\.judge: This judge makes no correction for looking again\./)
  const json = await run(['lint', '-o', 'json'], { cwd: directory })
  const { warnings } = JSON.parse(json.stdout) as { warnings: { path: string }[] }
  assert.deepEqual([warnings[0]?.path, json.stderr], ['services.shop.analysis.judge', ''])
})
