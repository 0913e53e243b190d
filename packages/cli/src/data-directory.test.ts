import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataDirectoryOf } from './data-directory.ts'
import { run } from './testing/run.ts'
import type { World } from './world.ts'

function inside(cwd: string, env: World['env'] = {}): World {
  return { cwd, env } as World
}

test('the nearest .serin counts; what is named counts more', () => {
  const root = mkdtempSync(join(tmpdir(), 'serin-where-'))
  try {
    const deep = join(root, 'a', 'b')
    mkdirSync(deep, { recursive: true })
    assert.equal(dataDirectoryOf(inside(deep), undefined), join(deep, '.serin'))
    mkdirSync(join(root, '.serin'))
    assert.equal(dataDirectoryOf(inside(deep), undefined), join(root, '.serin'))
    assert.equal(dataDirectoryOf(inside(deep, { SERIN_DATA: '/var/lib/serin' }), undefined), '/var/lib/serin')
    assert.equal(dataDirectoryOf(inside(deep, { SERIN_DATA: '/var/lib/serin' }), 'here'), join(deep, 'here'))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

test('without a control plane every command says so and what to do', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'serin-none-'))
  try {
    for (const words of ['status', 'get services', 'watch', 'release --to v2', 'abort', 'explain', 'journal verify']) {
      const { code, stdout, stderr } = await run(words.split(' '), { cwd })
      assert.deepEqual([code, stdout], [1, ''], words)
      assert.match(
        stderr,
        /No control plane runs for .*\[control-plane\.unreachable\]\n {2}do {3}Start it with "serin up"/,
        words,
      )
    }
    const token = await run(['token'], { cwd })
    assert.match(token.stderr, /There is no token in .*: it is made at the first start/)
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
})

test('a control plane that has ended without a word: which address, and why', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'serin-dead-'))
  try {
    mkdirSync(join(cwd, '.serin'))
    writeFileSync(join(cwd, '.serin', 'control-plane.json'), JSON.stringify({ url: 'http://127.0.0.1:9', pid: 1 }))
    writeFileSync(join(cwd, '.serin', 'token'), 'secret\n')
    const { code, stderr } = await run(['status'], { cwd })
    assert.equal(code, 1)
    assert.match(
      stderr,
      /No control plane answers at http:\/\/127\.0\.0\.1:9\. \[control-plane\.unreachable\]\n {2}why/,
    )
    assert.deepEqual((await run(['token'], { cwd })).stdout, `${join(cwd, '.serin', 'token')}\n`)
    assert.deepEqual((await run(['token', '--show'], { cwd })).stdout, 'secret\n')
    assert.deepEqual(JSON.parse((await run(['token', '-o', 'json'], { cwd })).stdout), {
      file: join(cwd, '.serin', 'token'),
    })
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
})

test('SERIN_URL needs SERIN_TOKEN, and an address', async () => {
  const missing = await run(['status'], { env: { SERIN_URL: 'http://127.0.0.1:9' } })
  assert.match(missing.stderr, /SERIN_TOKEN is not\. .*serin token create\. \[auth\.missing\]/)
  const wrong = await run(['status'], { env: { SERIN_URL: 'localhost', SERIN_TOKEN: 'x' } })
  assert.match(wrong.stderr, /SERIN_URL is "localhost"; expected an address/)
})
