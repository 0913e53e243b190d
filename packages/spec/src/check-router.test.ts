import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServiceFile } from './parse-file.ts'

const refused = (
  more: string,
  versions = '{ v1: {}, v2: {} }',
  workload = '{ kind: process, command: [serve] }',
  router = 'nginx',
): string => {
  try {
    parseServiceFile(
      `serin: v1\nservices:\n  shop:\n    listen: 0\n    router: ${router}\n    workload: ${workload}\n    versions: ${versions}\n    stable: v1\n${more}`,
    )
    return ''
  } catch (error) {
    return String(error)
  }
}

test('what nginx cannot do is refused when the file is read', () => {
  assert.equal(refused(''), '')
  const mirror = '    strategy: { kind: canary, steps: [{ weight: 0%, mirror: { pairs: 30 } }, { weight: 5% }] }\n'
  assert.match(refused(mirror), /nginx compares the status of answers to copies, not their bodies: say "body: ignore"/)
  assert.equal(refused(mirror.replace('pairs: 30', 'pairs: 30, body: ignore')), '')
  assert.match(refused('    strategy: { kind: blue-green, mirror: {} }\n'), /not their bodies/)
  assert.match(refused('    strategy: { kind: shadow, pairs: 100 }\n'), /not their bodies/)
  const staged =
    '    strategy: { kind: composite, stages: [{ kind: shadow, pairs: 100 }, { kind: switch, over: 2s }] }\n'
  assert.match(refused(staged), /not their bodies/)
  // A name in a gate is no mirror.
  const gate = "{ kind: command, command: [test], env: { mirror: 'm' } }"
  assert.equal(refused(`    strategy: { kind: canary, steps: [{ weight: 5%, gates: [${gate}] }] }\n`), '')
  const odd = '    rules: [{ name: odd, header: { x_odd.name: { equals: a } }, to: canary }]\n'
  assert.match(refused(odd), /nginx cannot read a header that is called "x_odd\.name"/)
  const path = `{ v1: { endpoints: ['http://127.0.0.1:1/below'] } }`
  assert.match(refused('', path, '{ kind: endpoints }'), /nginx is told plain addresses only/)
})

test('what Envoy cannot do is refused when the file is read', () => {
  const told = (more: string, versions?: string, workload?: string): string =>
    refused(more, versions, workload, 'envoy')
  assert.equal(told('    rules: [{ name: odd, header: { x_odd.name: { equals: a } }, to: canary }]\n'), '')
  assert.match(told('    strategy: { kind: shadow, pairs: 100 }\n'), /Envoy cannot compare the answers/)
  assert.match(told('    sticky: {}\n'), /envoy cannot give an id/)
  assert.match(
    told('', undefined, '{ kind: process, command: [serve], upstream: h2c }'),
    /Envoy is told to speak HTTP\/1\.1/,
  )
})

test('what HAProxy cannot do is refused when the file is read', () => {
  const process = '{ kind: process, command: [serve] }'
  const told = (more: string, versions = '{ v1: {}, v2: {} }', workload = process): string =>
    refused(more, versions, workload, 'haproxy')
  assert.match(told('    strategy: { kind: shadow, pairs: 100 }\n'), /HAProxy cannot compare the answers/)
  assert.match(
    told('', `{ v1: { endpoints: ['https://127.0.0.1:1'] } }`, '{ kind: endpoints }'),
    /HAProxy is told plain addresses only/,
  )
  // It reads headers whatever they are called.
  assert.equal(told('    rules: [{ name: odd, header: { x_odd.name: { equals: a } }, to: canary }]\n'), '')
})

test('an nginx of one’s own is for the router of that name, and has a folder', () => {
  assert.equal(refused('    nginx: { include: /etc/nginx/serin.d }\n'), '')
  for (const router of ['gateway', 'haproxy'])
    assert.match(
      refused('    nginx: { include: /etc/nginx/serin.d }\n', undefined, undefined, router),
      /it needs "router: nginx"/,
    )
  assert.match(refused('    nginx: { reload: [nginx, -s, reload] }\n'), /include/)
})

test('workers are those of the gateway', () => {
  assert.match(refused('    workers: 2\n'), /nginx has workers of its own/)
  assert.equal(refused('    workers: 2\n', '{ v1: {}, v2: {} }', '{ kind: process, command: [serve] }', 'gateway'), '')
})

test('what only the gateway does at its edge is refused beside another router', () => {
  assert.match(
    refused('    gateway: { tls: { certificate: a, key: b } }\n'),
    /nginx does not have it: use "router: gateway"/,
  )
  assert.match(refused('    gateway: { trace: true }\n'), /"gateway\.trace" is a setting of Serin's own gateway/)
  assert.equal(refused('    gateway: { trace: false }\n'), '')
  for (const router of ['nginx', 'haproxy', 'envoy']) {
    const told = (more: string): string => refused(more, undefined, undefined, router)
    assert.equal(told('    gateway: { trustProxies: [loopback] }\n'), '', 'whom to believe each of them can be told')
    assert.match(
      told('    gateway: { trustProxies: [loopback], forwarded: true }\n'),
      /"gateway\.forwarded" is a setting/,
    )
  }
})
