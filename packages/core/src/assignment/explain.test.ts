import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoutingTable } from '../routing.ts'
import { assign } from './assign.ts'
import { explainAssignment } from './explain.ts'

function table(canaryBp: number, more: Partial<RoutingTable> = {}): RoutingTable {
  return {
    service: 'shop',
    revision: 1,
    salt: 'shop/1.1/',
    unit: [{ header: 'x-user' }],
    arms: [
      { version: 'v2', endpoints: [], weightBp: canaryBp },
      { version: 'v1', endpoints: [], weightBp: 10_000 - canaryBp },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: 'serin-version',
    measurement: { rollout: 'shop-1#1', latencyCutsMs: [], latencyFrom: 0 },
    ...more,
  }
}

test('what is explained is what a router decides, and the place lies within the shares of the version', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.nat(10_000), (unit, canaryBp) => {
      const all = table(canaryBp)
      const { version, by, placePercent, shares } = explainAssignment(all, { unit })
      assert.deepEqual([version, by], [assign(all, unit), 'hash'])
      const own = shares.find((share) => share.version === version)
      assert.ok(own !== undefined && placePercent !== null)
      // nginx rounds its bounds down, by less than a millionth of a percent.
      assert.ok(placePercent >= own.fromPercent - 1e-6 && placePercent <= own.toPercent + 1e-6)
    }),
  )
})

test('it says when a user will meet canary', () => {
  const { placePercent, sentence } = explainAssignment(table(1), { unit: 'user-42' })
  assert.ok(placePercent !== null && placePercent > 0.01)
  const share = Number(placePercent.toFixed(4))
  assert.equal(
    sentence,
    `v1: the place of user-42 is ${share} %, and v1 has 0.01 % to 100 %. It meets v2 from a share of ${share} % on.`,
  )
  assert.equal(assign(table(Math.floor(placePercent * 100)), 'user-42'), 'v1')
  assert.equal(assign(table(Math.ceil(placePercent * 100)), 'user-42'), 'v2')
})

test('rules come first, then the header, and without a unit chance decides', () => {
  const rules = [{ name: 'staff', query: { staff: { equals: '1' } }, to: 'canary' as const }]
  const all = table(500, { rules })
  const headers = { 'x-user': 'user-42', 'serin-version': 'v1' }
  assert.equal(
    explainAssignment(all, { headers, target: '/?staff=1' }).sentence,
    'v2: the rule "staff" matches, and rules come first.',
  )
  assert.equal(explainAssignment(all, { headers }).sentence, 'v1: the header serin-version names it.')
  const nobody = explainAssignment(all, {})
  assert.deepEqual([nobody.unit, nobody.placePercent], [null, null])
  assert.equal(nobody.sentence, 'The request says not whose it is, so chance decides each time: v2 5 %, v1 95 %.')
})

test('it says the country, the device and the segments, and what becomes of who comes without an id', () => {
  const all = table(500, {
    sticky: { cookie: 'serin-unit', maxAgeS: 60 },
    country: { database: '/somewhere.mmdb' },
    segments: { nordic: { country: ['NO'] }, pros: { claim: { plan: { equals: 'pro' } } }, bots: { device: ['bot'] } },
    rules: [{ name: 'first', segment: 'nordic', to: 'canary' as const }],
    overrideKeySha256: 'a'.repeat(64),
  })
  const phone = { headers: { 'sec-ch-ua-mobile': '?1' } }
  const norway = explainAssignment(all, { ...phone, unit: 'ann', country: 'NO', claims: { plan: 'pro' } })
  assert.deepEqual(
    [norway.version, norway.rule, norway.country, norway.device, norway.segments],
    ['v2', 'first', 'NO', 'mobile', ['nordic', 'pros']],
  )
  const nobody = explainAssignment(all, phone)
  assert.deepEqual([nobody.unit, nobody.placePercent, nobody.country, nobody.segments], [null, null, null, []])
  assert.equal(
    nobody.sentence,
    'The request says not whose it is, so it gets an id in the cookie serin-unit by which it keeps its version; chance decides once: v2 5 %, v1 95 %.',
  )
  const headers = { 'serin-version': 'v2', 'x-user': 'user-42' }
  assert.equal(explainAssignment(all, { headers }).by, 'hash')
  assert.equal(explainAssignment(all, { headers, hasKey: () => true }).by, 'override')
})
