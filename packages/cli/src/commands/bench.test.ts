import { benches } from '@serin/bench'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../testing/run.ts'
import { bench } from './bench.ts'

test('every benchmark can be asked for, and no other', async () => {
  assert.deepEqual(bench.arguments['name']?.choices, benches.map(({ name }) => name).sort())
  const { code, stderr } = await run(['bench', 'gatway'])
  assert.equal(code, 1)
  assert.match(stderr, /gateway/)
})

test('how much is measured is said once, and is a part', async () => {
  for (const [words, says] of [
    [['--quick', '--effort', '1'], /either --quick or --effort/],
    [['--effort', '2'], /--effort expects a number above 0 and at most 1, got "2"/],
  ] as const) {
    const { code, stderr } = await run(['bench', 'stats', ...words])
    assert.equal(code, 1)
    assert.match(stderr, says)
  }
})

test('a program finds one line of JSON on stdout', { timeout: 60_000 }, async () => {
  const { code, stdout } = await run(['bench', 'stats', '--json', '--effort', '0.001'])
  assert.ok(code === 0 || code === 1)
  assert.match(stdout, /^\{"rollout":.*\}\n$/)
})
