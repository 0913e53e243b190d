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

test('a coupled release is told member by member', () => {
  const members = [
    { service: 'api', to: 'v2', from: 'v1' },
    { service: 'web', to: 'v5', from: 'v4' },
  ]
  assert.equal(
    journalWords({ kind: 'release.started', data: { order: 'sequence', members, why: 'spring' } }),
    'coupled release, sequence, of api v2, web v5: spring',
  )
  assert.equal(
    journalWords({ kind: 'release.member', data: { service: 'api', to: 'promoted', rollout: 'api-1', why: '' } }),
    'member api: promoted (api-1)',
  )
  assert.equal(journalWords({ kind: 'release.moved', data: { to: 'reversing', why: 'no' } }), 'release reversing: no')
})

test('gates, yeses, jumps and the queue are told with their names', () => {
  const words = (kind: string, data: Record<string, unknown>): string => journalWords({ kind, data })
  assert.equal(
    words('rollout.gate', { gate: 'smoke', outcome: 'passed', why: 'It ended well.' }),
    'gate smoke passed: It ended well.',
  )
  assert.equal(words('rollout.approve', { why: 'read it' }), 'approve: read it')
  assert.equal(words('rollout.jump', { to: 1, why: '' }), 'jump to step 2')
  assert.equal(words('release.queued', { version: 'v3', why: '' }), 'release of v3 waits')
  assert.equal(words('release.dropped', { version: 'v3', why: 'It is gone.' }), 'release of v3 is dropped: It is gone.')
  assert.equal(words('notice.failed', { why: '503' }), 'a notice did not arrive: 503')
})

test('what a stop has cost is told with its number', () => {
  assert.equal(
    journalWords({ kind: 'version.cut-off', data: { version: 'v1', count: 2 } }),
    'stopped v1 with 2 open requests, streams or tunnels cut off',
  )
})

test('a router that somebody changed is told', () => {
  const seen = { revision: 0, weights: { v1: 10_000 } }
  assert.equal(
    journalWords({ kind: 'routing.drifted', data: { asked: { ...seen, revision: 7 }, seen } }),
    'found the router changed by somebody else, and puts it right',
  )
  assert.equal(
    journalWords({ kind: 'routing.drifted', data: { asked: { ...seen, revision: 7 }, seen, left: true } }),
    'found the router changed by somebody else, and leaves it so',
  )
  assert.equal(
    journalWords({ kind: 'routing.settled', data: { revision: 7, weights: { v1: 10_000 } } }),
    'the router does again what it was asked',
  )
})

test('a token is told by its name', () => {
  assert.equal(
    journalWords({ kind: 'token.created', data: { token: 'ada', role: 'viewer', expiresAt: null, why: 'new here' } }),
    'made the token ada, with the role viewer: new here',
  )
  assert.equal(
    journalWords({ kind: 'token.revoked', data: { token: 'ada', role: 'viewer' } }),
    'took back the token ada',
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
