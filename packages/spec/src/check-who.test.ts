import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServiceFile } from './parse-file.ts'
import { fileWarnings } from './warnings.ts'
import type { ServiceFile } from './service-file.ts'

function read(more: string): ServiceFile {
  return parseServiceFile(
    `serin: v1\nservices:\n  shop:\n    listen: 0\n    workload: { kind: process, command: [serve] }\n    versions: { v1: {}, v2: {} }\n    stable: v1\n${more}`,
  )
}

function refused(more: string): string {
  try {
    read(more)
    return ''
  } catch (error) {
    return String(error)
  }
}

const everything = `
    unit: [{ header: x-user }, { claim: sub }]
    sticky: { cookie: sid, maxAge: 30d }
    token: { jwks: 'https://id.example/keys', issuer: me, audience: shop, unknownKeys: refuse }
    country: { database: countries.mmdb, addressHeader: x-real-ip }
    gateway: { trustProxies: [loopback, 10.0.0.0/8, '2001:db8::/32', '::1'] }
    override: { keySha256: ${'0a'.repeat(32)} }
    segments:
      nordic: { country: [NO, SE], device: [mobile] }
      team: { unit: [ann, bob] }
    rules:
      - { name: team, segment: team, to: canary }
    strategy:
      kind: canary
      steps:
        - { weight: 0%, pause: true, route: [{ name: nordic, segment: nordic, share: 50% }] }
        - { weight: 5% }
`

test('a file that asks for everything is read', () => {
  const shop = read(everything).services['shop']
  assert.deepEqual(shop?.sticky, { cookie: 'sid', maxAge: 30 * 86_400_000 })
  assert.deepEqual(shop.override, { header: 'serin-version', keySha256: '0a'.repeat(32) })
  assert.deepEqual(fileWarnings(read(everything)), [])
})

test('a header with the address of a client needs somebody who is believed', () => {
  assert.match(
    refused('    country: { database: c.mmdb, addressHeader: x-real-ip }\n'),
    /under "gateway\.trustProxies"/,
  )
  assert.match(
    refused('    gateway: { trustProxies: [example.org] }\n'),
    /an address, a network such as 10\.0\.0\.0\/8/,
  )
  assert.match(refused('    gateway: { trustProxies: [10.0.0.0/33] }\n'), /an address, a network such as/)
})

test('the header that names the version may be called otherwise, but not like another', () => {
  const named = (header: string): unknown =>
    read(`    gateway: { versionHeader: ${header} }\n`).services['shop']?.gateway.versionHeader
  assert.deepEqual([named('false'), named('x-version')], [false, 'x-version'])
  assert.match(refused('    gateway: { versionHeader: Set-Cookie }\n'), /a name that means nothing else/)
  assert.match(refused('    gateway: { tls: shop.pem }\n'), /a certificate with its key, or a list of them/)
})

test('certificates of clients are asked for over TLS only, and their subject has a header of its own', () => {
  const asking = (clients: string, tls = 'tls: { certificate: a, key: b }, '): string =>
    `    gateway: { ${tls}clientCertificates: ${clients} }\n`
  const { clientCertificates } = read(asking('{ ca: c.pem }')).services['shop']?.gateway ?? {}
  assert.deepEqual(clientCertificates, { ca: 'c.pem', required: true })
  assert.match(
    refused(asking('{ ca: c.pem }', '')),
    /gateway\.clientCertificates: Clients show certificates over TLS only/,
  )
  for (const name of ['Host', 'x-forwarded-for', 'serin-version', 'Content-Type', 'traceparent'])
    assert.match(refused(asking(`{ ca: c.pem, header: ${name} }`)), /means nothing else in a request/, name)
})

test('a segment that is not there, and a country that nobody reads, are refused at their place', () => {
  const segments = '    segments: { nordic: { device: [mobile] } }\n'
  const rule = '    rules: [{ name: r, segment: nordik, to: canary }]\n'
  assert.match(refused(segments + rule), /rules\.0\.segment: No segment is called "nordik"\. Known: nordic\..*nordic\?/)
  const route = '    strategy: { kind: canary, steps: [{ weight: 5%, route: [{ name: r, segment: all }] }] }\n'
  assert.match(refused(route), /strategy\.steps\.0\.route\.0\.segment: No segment is called "all"\. Known: \(none\)/)
  assert.match(
    refused('    segments: { nordic: { country: [NO] } }\n'),
    /segments\.nordic\.country: Nothing says where the country of a request is read from/,
  )
  assert.match(refused('    segments: { nordic: { country: [Norway] } }\n'), /two letters \(ISO 3166\), such as NO/)
  assert.match(refused('    segments: { all: {} }\n'), /at least one of header, cookie/)
  assert.match(refused('    rules: [{ name: r, share: 5%, to: canary }]\n'), /at least one of segment, header, cookie/)
  assert.match(refused('    override: { keySha256: secret }\n'), /a SHA-256: 64 hexadecimal digits/)
  assert.match(refused('    token: { unknownKeys: refuse }\n'), /"jwks" beside it/)
})

test('claims that nobody verifies are read, with a warning', () => {
  const [warning, ...others] = fileWarnings(read('    unit: [{ claim: sub }]\n'))
  assert.equal(warning?.path, 'services.shop.token')
  assert.match(warning.message, /believed without a look at the signature/)
  assert.deepEqual(others, [])
  assert.equal(fileWarnings(read('    rules: [{ name: r, claim: { plan: { equals: pro } }, to: canary }]\n')).length, 1)
  assert.deepEqual(fileWarnings(read('    token: { cookie: session }\n')), [])
})

test('what only the gateway can do is refused with another router, each at its place', () => {
  const nginx = '    router: nginx\n'
  const said = refused(nginx + everything)
  for (const place of [
    'sticky: nginx cannot give an id',
    'unit\\.1\\.claim: nginx cannot read a token',
    'override\\.keySha256: nginx cannot check',
    'segments\\.nordic\\.country: nginx cannot tell countries apart',
    'segments\\.nordic\\.device: nginx cannot tell devices apart',
    'segments\\.team\\.unit: nginx cannot match units',
    'strategy\\.steps\\.0\\.route\\.0\\.share: nginx cannot take a part',
  ])
    assert.match(said, new RegExp(place))
  const plain = '    segments: { beta: { cookie: { beta: { equals: yes please } } } }\n'
  assert.equal(refused(`${nginx}${plain}    rules: [{ name: r, segment: beta, to: canary }]\n`), '')
})
