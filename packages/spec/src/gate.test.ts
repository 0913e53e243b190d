import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Freeze, Gate, Notice, RecordedRequest } from './gate.ts'
import { momentOf } from './moment.ts'

test('the address of a gate is http and has only places that are known', () => {
  const url = (text: string): boolean => Gate.safeParse({ kind: 'http', url: text }).success
  for (const good of ['{preview}', '{preview}/ready?v={version}', 'https://ci/{service}/{stable}', 'http://[::1]:1/'])
    assert.ok(url(good), good)
  for (const bad of ['', 'ci/ok', '{preview}x', 'ftp://a', 'http://ci/{canary}', '{previw}/', 'http:///a'])
    assert.ok(!url(bad), bad)
  assert.ok(Notice.safeParse({ url: 'https://chat/{step}' }).success)
  assert.ok(!Notice.safeParse({ url: '{preview}/told' }).success, 'a notice knows no preview')
})

test('a gate is complete with its kind and what it cannot guess', () => {
  const gate = Gate.parse({ kind: 'replication', command: ['lag'] })
  assert.ok(gate.kind === 'replication')
  assert.deepEqual(
    [gate.timeout, gate.maxLag, gate.every, gate.within, gate.onFailure],
    [10_000, 1_000, 2_000, 600_000, 'rollback'],
  )
  const requests = Gate.parse({ kind: 'requests', file: 'checks.jsonl', headers: { authorization: 'env:TOKEN' } })
  assert.ok(requests.kind === 'requests' && requests.headers['authorization'] === 'env:TOKEN')
  assert.ok(!Gate.safeParse({ kind: 'window', timezone: 'Mars/Olympus' }).success)
  assert.ok(!Gate.safeParse({ kind: 'window', from: '9:00' }).success)
  assert.deepEqual(RecordedRequest.parse({ path: '/x' }), { method: 'GET', path: '/x', headers: {}, expect: {} })
  for (const path of ['x', '/a b', 'http://other/']) assert.ok(!RecordedRequest.safeParse({ path }).success, path)
})

test('a freeze ends after it begins, in whichever zones its times are written', () => {
  const freeze = (from: string, to: string): boolean => Freeze.safeParse({ from, to }).success
  assert.ok(freeze('2026-12-20T00:00:00Z', '2026-12-20T00:30:00Z'))
  assert.ok(freeze('2026-12-20T01:00:00+02:00', '2026-12-20T00:00:00Z'))
  assert.ok(!freeze('2026-12-20T00:00:00Z', '2026-12-20T01:00:00+02:00'))
  assert.ok(!freeze('2026-12-20T00:00:00Z', '2026-12-20T00:00:00Z'))
})

test('a moment is the one that a calendar says', () => {
  const calendar = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' })
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000, max: 13_000_000_000 }), fc.nat(999), (seconds, ms) => {
      const text = calendar.format(seconds * 1_000).replace(' ', 'T')
      assert.equal(momentOf(`${text}.${String(ms).padStart(3, '0')}Z`), seconds * 1_000 + ms)
    }),
  )
  assert.equal(momentOf('2026-02-28T23:59:59+05:30'), 1_772_303_399_000)
  assert.equal(momentOf('2024-02-29T00:00-08:00'), 1_709_193_600_000)
  assert.ok(Number.isNaN(momentOf('tomorrow')))
})
