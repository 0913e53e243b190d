import { Analysis, type Judgement } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingFor } from './missing.ts'

type Health = Judgement['health']

const policy = (after: string, action: 'hold' | 'rollback') => ({ after, do: action })
const analysis = Analysis.parse({
  noData: policy('5m', 'rollback'),
  sourceDown: policy('1m', 'hold'),
  lowTraffic: policy('1h', 'hold'),
})
const said = (health: Health, lastedMs: number, of = analysis) =>
  missingFor({ health, sentence: 'No samples of canary.' }, lastedMs, of)

test('each kind of silence has a limit of its own, and what follows', () => {
  assert.equal(said('no-data', 299_999), null)
  const found = said('no-data', 300_000)
  assert.deepEqual([found?.do, found?.why], ['rollback', 'For 5m: No samples of canary.'])
  assert.equal(said('source-down', 59_999), null)
  assert.equal(said('source-down', 60_000)?.do, 'hold')
  assert.equal(said('low-traffic', 3_600_000)?.do, 'hold')
})

test('what is not missing evidence, or has no policy, never ends anything, however long it lasts', () => {
  const none = Analysis.parse({})
  const healths: readonly Health[] = [
    'ok',
    'low-traffic',
    'no-data',
    'source-down',
    'sample-ratio-mismatch',
    'no-baseline',
    'warming-up',
  ]
  fc.assert(
    fc.property(fc.constantFrom(...healths), fc.nat(1e12), (health, lastedMs) => {
      assert.equal(said(health, lastedMs, none), null)
      const silent = health === 'no-data' || health === 'source-down' || health === 'low-traffic'
      if (!silent) assert.equal(said(health, lastedMs), null)
    }),
  )
})
