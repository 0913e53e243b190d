import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricReading } from '@serin/spec'
import { readNext } from './next-look.ts'

const guard = (logE: number): MetricReading => ({
  name: 'errors',
  kind: 'errors',
  role: 'guardrail',
  verdict: 'undecided',
  stable: 1,
  canary: 1,
  difference: 0,
  interval: null,
  intervalOf: 'ratio',
  unit: 'percent',
  allowed: null,
  harm: { logE: 0, threshold: 4.6 },
  safety: { logE, threshold: 3 },
  counts: { stable: 0, canary: 0, stableEvents: 0, canaryEvents: 0 },
  exact: true,
  missing: [],
  sentence: '',
})
const noHarm = { logE: 0, threshold: 4.6 }

test('evidence that has come a third of the way needs twice the time again; the slowest guardrail counts', () => {
  assert.deepEqual(readNext([guard(1), guard(3)], noHarm, 20_000), { lookMs: 1_000, safeMs: 40_000, harmMs: null })
})

test('evidence that does not grow promises nothing', () => {
  assert.equal(readNext([guard(0.1), guard(2)], noHarm, 20_000).safeMs, null)
  assert.equal(readNext([], noHarm, 20_000).safeMs, null)
  assert.equal(readNext([guard(0)], { logE: 2.3, threshold: 4.6 }, 10_000).harmMs, 10_000)
})
