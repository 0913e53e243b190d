import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOf } from './request-view.ts'
import { compileSlices } from './slices.ts'

function classify(
  slices: Parameters<typeof compileSlices>[0],
  headers: Record<string, string>,
  target = '/',
): readonly string[] {
  const of = compileSlices(slices)
  assert.ok(of !== null)
  return of(viewOf({ headers, target, address: '127.0.0.1' }))
}

test('the value of a header, its class, the first segments of the path, in their order', () => {
  const slices = {
    country: { header: 'X-Country' },
    device: { header: 'user-agent', values: { android: { contains: 'Android' }, phone: { contains: 'iPhone' } } },
    route: { path: { depth: 2 } },
    api: { path: { depth: 1 }, values: { api: { equals: '/api' } } },
  }
  assert.deepEqual(classify(slices, { 'x-country': 'NO', 'user-agent': 'Android iPhone' }, '/api/cart/7?x=1'), [
    'NO',
    'android',
    '/api/cart',
    'api',
  ])
  assert.deepEqual(classify(slices, {}, '/'), ['none', 'other', '/', 'other'])
  assert.deepEqual(classify(slices, {}, '/apis'), ['none', 'other', '/apis', 'other'])
  assert.equal(compileSlices(undefined), null)
  assert.equal(compileSlices({}), null)
})

test('hostile values are cleaned and cut: nothing that moves a cursor, no half characters', () => {
  const of = (value: string): string | undefined => classify({ c: { header: 'c' } }, { c: value })[0]
  assert.equal(of('\u001b[2J\u0007 N\u0000O \u009b'), '[2J N O')
  assert.equal(of('a\u202eb\u2066c\ud800'), 'a b c')
  assert.equal(of('\t \u200b'), 'none')
  assert.equal(of('x'.repeat(9_000))?.length, 64)
  assert.equal(of(`${'x'.repeat(63)}😀`), 'x'.repeat(63))
  assert.equal(of(`${'x'.repeat(62)}😀y`), `${'x'.repeat(62)}😀`)
})
