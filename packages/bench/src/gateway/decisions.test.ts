import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quickEffort } from '../bench.ts'
import { decisions } from './decisions-bench.ts'

// Speeds are never asserted: the machine of a test does other things too.
test(
  'a quick run: every cell is a number, and no request is decided as before a change',
  { timeout: 120_000 },
  async () => {
    const { json, lines, broken, warnings } = await decisions.run({ effort: quickEffort, progress: () => {} })
    assert.deepEqual([broken, warnings], [[], []])
    const { stale, ...times } = json as Readonly<Record<string, number>>
    assert.equal(stale, 0)
    const keys = 'decisionNs recordNs stickyNs httpDecisionNs httpStickyNs applyUs ackUs seenUs'.split(' ')
    assert.deepEqual(Object.keys(times), keys)
    for (const [key, value] of Object.entries(times)) assert.ok(value > 0 && Number.isFinite(value), key)
    assert.ok(lines.some((line) => line.includes('8 rules')))
  },
)
