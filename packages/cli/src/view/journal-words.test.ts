import assert from 'node:assert/strict'
import { test } from 'node:test'
import { journalKinds } from '@serin/spec'
import { line } from '../testing/statuses.ts'
import { isAboutService, journalWords, toldLines } from './journal-words.ts'

test('every kind of entry has words, with the reason behind them', () => {
  for (const kind of Object.keys(journalKinds)) {
    const words = journalWords({ kind, data: { why: 'ticket 7' } })
    assert.match(words, /^[a-z].*: ticket 7$/, kind)
  }
})

test('a transition says where to, which step and why', () => {
  const data = { to: 'watching', step: 1, weightBp: 2_500, event: 'judged', why: 'Safe for 25 %.' }
  assert.equal(journalWords({ kind: 'rollout.moved', data }), 'watching at 25 % (step 2): Safe for 25 %.')
  assert.equal(
    journalWords({ kind: 'rollout.moved', data: { to: 'rolled-back', reason: 'aborted', why: '' } }),
    'rolled back (aborted)',
  )
})

test('each act is told once', () => {
  const told = toldLines([
    line('rollout.abort', { why: 'x' }),
    line('rollout.moved', { to: 'rolling-back', event: 'abort' }),
    line('routing.applied', {}),
    line('rollout.judged', { judgement: {} }),
    line('rollout.moved', { to: 'watching', event: 'judged' }),
    line('rollout.judged', { judgement: {} }),
  ])
  assert.deepEqual(
    told.map(({ kind, data }) => [kind, data['event']]),
    [
      ['rollout.abort', undefined],
      ['rollout.moved', 'judged'],
      ['rollout.judged', undefined],
    ],
  )
})

test('a rollout belongs to the service in its id, not to one with a longer name', () => {
  assert.ok(isAboutService({ stream: 'rollout/shop-3' }, 'shop'))
  assert.ok(isAboutService({ stream: 'rollout/shop-eu-3' }, 'shop-eu'))
  assert.ok(!isAboutService({ stream: 'rollout/shop-eu-3' }, 'shop'))
  assert.ok(isAboutService({ stream: 'service/shop' }, 'shop'))
})
