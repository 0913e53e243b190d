import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Edge } from './edge.ts'
import { forwardedElement } from './forwarded.ts'
import { Proxies } from './proxies.ts'
import { traceOf } from './trace.ts'

test('networks by their names, addresses and networks by themselves are believed, and nobody else', () => {
  const proxies = new Proxies(['loopback', 'uniquelocal', '81.2.0.0/16', '2001:db8::1'])
  const believed = ['127.0.0.9', '::1', '10.1.2.3', '172.31.0.1', '192.168.9.9', 'fd00::1', '81.2.255.1', '2001:db8::1']
  const others = ['81.3.0.1', '172.32.0.1', '2001:db8::2', '169.254.1.1', 'unknown', '']
  for (let again = 0; again < 2; again += 1) {
    for (const address of believed) assert.equal(proxies.includes(address), true, address)
    for (const address of others) assert.equal(proxies.includes(address), false, address)
  }
  assert.equal(new Proxies([]).includes('127.0.0.1'), false)
  assert.equal(new Proxies(['linklocal']).includes('fe80::1'), true)
})

test('the client is the last of those forwarded that is not believed itself', () => {
  const proxies = new Proxies(['10.0.0.0/8'])
  const client = (forwarded?: string): string => proxies.clientBehind('10.0.0.1', forwarded)
  assert.equal(client(), '10.0.0.1')
  assert.equal(client('1.1.1.1'), '1.1.1.1')
  assert.equal(client('9.9.9.9, 1.1.1.1,10.0.0.2 , 10.0.0.3'), '1.1.1.1')
  assert.equal(client('10.0.0.2, 10.0.0.3'), '10.0.0.2', 'all of them believed: the first')
  assert.equal(client('1.1.1.1:4711'), '1.1.1.1')
  assert.equal(client('[2001:db8::7]:4711'), '2001:db8::7')
  assert.equal(client('::ffff:1.1.1.1'), '1.1.1.1')
  assert.equal(client('1.1.1.1, rubbish'), '10.0.0.1', 'behind what is no address nobody is believed')
  assert.equal(client('1.1.1.1, rubbish, 10.0.0.2'), '10.0.0.2')
})

test('whatever is forwarded, the client is an address, and a believed one only if all before it are', () => {
  const proxies = new Proxies(['10.0.0.0/8'])
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('10.0.0.5'))), (hops) => {
      const client = proxies.clientBehind('10.0.0.1', hops.join(','))
      assert.match(client, /^[\da-fA-F.:%]+$|^::/)
      // A client cannot put itself before what its proxy adds.
      assert.equal(proxies.clientBehind('10.0.0.1', [...hops, '8.8.8.8'].join(',')), '8.8.8.8')
    }),
  )
})

const sound = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const unsound: Readonly<Record<string, string>> = {
  empty: '',
  'upper case': sound.toUpperCase(),
  'version ff': `ff${sound.slice(2)}`,
  'version 00 with more': `${sound}-x`,
  'a trace of zeros': `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  'a parent of zeros': `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  short: sound.slice(0, -1),
  'a later version that runs on': `01${sound.slice(2)}x`,
  two: `${sound}, ${sound}`,
  'not hexadecimal': sound.replace('4bf9', '4bfg'),
}

test('a sound trace stays, another begins one anew, and none begins one when asked for', () => {
  assert.deepEqual(traceOf(sound, false), { id: '4bf92f3577b34da6a3ce929d0e0e4736', parent: null })
  assert.equal(traceOf(`cc${sound.slice(2)}-what-comes-later`, false).parent, null)
  assert.equal(traceOf(`cc${sound.slice(2)}`, false).parent, null)
  assert.deepEqual(traceOf(undefined, false), { id: null, parent: null })
  const seen = new Set<string | null>()
  for (const [why, text] of [...Object.entries(unsound), ['none', undefined]] as const) {
    const { id, parent } = traceOf(text, true)
    assert.match(String(parent), /^00-[\da-f]{32}-[\da-f]{16}-01$/, why)
    assert.equal(parent?.slice(3, 35), id, why)
    seen.add(id)
  }
  for (let i = 0; i < 1_000; i += 1) seen.add(traceOf(undefined, true).id)
  assert.equal(seen.size, 1_000 + Object.keys(unsound).length + 1)
})

test('what is forwarded is quoted as RFC 7239 has it', () => {
  const element = (address: string, host?: string, encrypted = false): string =>
    forwardedElement({ address, host, encrypted })
  assert.equal(element('192.0.2.60', 'shop.example'), 'for=192.0.2.60;host=shop.example;proto=http')
  assert.equal(
    element('2001:db8::1', 'shop.example:8080', true),
    'for="[2001:db8::1]";host="shop.example:8080";proto=https',
  )
  assert.equal(element('fe80::1%eth0', '[::1]'), 'for="[fe80::1]";host="[::1]";proto=http')
  assert.equal(element('unknown', 'a"b\\c'), 'for=unknown;host="a\\"b\\\\c";proto=http')
  assert.equal(element('192.0.2.60'), 'for=192.0.2.60;proto=http')
})

test('what answers tell of a version is as asked', () => {
  const told = (settings: Partial<EdgeSettings>) => new Edge({ ...EdgeSettings.parse({}), ...settings }).told('v2')
  assert.equal(told({}).lines.toString(), 'serin-version: v2\r\n')
  assert.deepEqual(told({ versionHeader: 'X-Version', serverTiming: true }).list, [
    'x-version',
    'v2',
    'server-timing',
    'serin;desc="v2"',
  ])
  assert.deepEqual([told({}).reserved, told({ versionHeader: 'X-Version' }).reserved], [null, 'x-version'])
  const silent = told({ versionHeader: false, answerRequestId: false })
  assert.deepEqual([silent.lines.length, silent.list, silent.shields, silent.id], [0, [], false, false])
})
