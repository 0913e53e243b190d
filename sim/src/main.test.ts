import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

test('the last line counts what passed and what failed', () => {
  const { stdout, status } = run('--world', 'exits-at-once', '--seeds', '2', '--from', '11', '--json')
  const lines = stdout.trim().split('\n')
  assert.equal(lines.at(-1), '2 passed, 0 failed')
  assert.deepEqual(
    lines.slice(0, -1).map((line) => (JSON.parse(line) as { seed: number }).seed),
    [11, 12],
  )
  assert.equal(status, 0)
})

test('a world nobody knows is refused with the nearest name', () => {
  const { stderr, status } = run('--world', 'exit-at-once')
  assert.match(stderr, /There is no world "exit-at-once".*Did you mean exits-at-once\?/)
  assert.equal(status, 2)
})

test('seeds that are no number are refused', () => {
  const { stderr, status } = run('--seeds', 'many')
  assert.match(stderr, /--seeds expects a whole number, got "many"/)
  assert.equal(status, 2)
})
