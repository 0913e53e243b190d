import type { RoutingTable } from '@serin/core'

/** Rules that are hard to quote, and conditions that are hard to read. */
export const oddRules: RoutingTable['rules'] = [
  { name: 'a', header: { 'x_odd.name': { contains: 'é"\\;' } }, to: 'canary' },
  { name: 'b', query: { 'a b': { in: ['1', 'ü'] } }, cookie: { k: { present: true } }, to: 'stable' },
  { name: 'c', path: { prefix: '/%41' }, to: 'canary' },
  { name: 'd', header: { 'x-none': { present: false } }, query: { z: { equals: '' } }, to: 'canary' },
]

/** What clients send of themselves. */
export const oddTexts = ['', 'u', 'Zoë', 'é"\\;x', '日本語', '%', ' a ', 'a=b', '1', 'x'.repeat(300), 'v1', 'v2']

/** What they ask for. */
export const oddTargets = [
  '/',
  '/%41x',
  '/?a+b=1',
  '/?a%20b=%c3%bc',
  '/?%C3%BC+u=me',
  '/?z',
  '/?z=&z=1',
  '/?u=%zz&%c3%bc%20u=%ff',
]
