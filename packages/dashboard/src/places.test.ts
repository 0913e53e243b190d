import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, placeOf, shows, type Place } from './places.ts'

const at = (address: string) => placeOf(new URL(address, 'http://127.0.0.1:4560'))

test('an address leads back to the place it was made for', () => {
  const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((each) => !/^\.{1,2}$/.test(each))
  const place = fc.oneof<fc.Arbitrary<Place>[]>(
    fc.record({ page: fc.constant('overview'), query: text, show: fc.constantFrom(...shows) }),
    fc.record({ page: fc.constant('service'), service: text }),
    fc.record({ page: fc.constant('rollout'), rollout: text, at: fc.option(fc.nat(), { nil: null }) }),
    fc.record({ page: fc.constant('plan'), service: text, to: fc.option(text, { nil: null }) }),
    fc.record({ page: fc.constantFrom('gates', 'settings') }),
    fc.record({ page: fc.constantFrom('history', 'journal'), query: text }),
  )
  fc.assert(fc.property(place, (each) => assert.deepEqual(at(addressOf(each)), { ...each })))
})

test('what is unknown is no other place', () => {
  for (const path of ['/x', '/services', '/services/', '/services/a/b', '/rollouts/', '/rollouts/a/b', '/v1/x'])
    assert.deepEqual(at(path), { page: 'nowhere', path })
  assert.deepEqual(at('/?show=everything'), { page: 'overview', query: '', show: 'all' })
  assert.deepEqual(at('/rollouts/a?at=-1'), { page: 'rollout', rollout: 'a', at: null })
})

test('the code of a link is what stands behind its sign', () => {
  assert.deepEqual(at('/login#serin_abc'), { page: 'login', code: 'serin_abc' })
})
