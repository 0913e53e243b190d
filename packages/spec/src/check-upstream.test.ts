import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServiceFile } from './parse-file.ts'
import { fileWarnings } from './warnings.ts'

const told = (workload: string, more: { router?: string; version?: string } = {}): string => {
  const { router = 'gateway', version = '{}' } = more
  try {
    parseServiceFile(
      `serin: v1\nservices:\n  shop:\n    listen: 0\n    router: ${router}\n    workload: ${workload}\n    versions: { v1: ${version} }\n    stable: v1\n`,
    )
    return ''
  } catch (error) {
    return String(error)
  }
}

test('HTTP/2 towards the versions needs the gateway, and a workload that can', () => {
  const serve = '{ kind: process, command: [serve], upstream: h2c }'
  assert.equal(told(serve), '')
  assert.match(told(serve, { router: 'nginx' }), /nginx is told to speak HTTP\/1\.1 only/)
  assert.match(told(serve, { router: 'haproxy' }), /HAProxy is told to speak HTTP\/1\.1 only/)
  assert.match(told('{ kind: model, model: spam, upstream: h2c }', { version: '{ uri: a.onnx }' }), /upstream/)
  const tls = `{ endpoints: ['https://127.0.0.1:1'] }`
  assert.match(told('{ kind: endpoints, upstream: h2c }', { version: tls }), /HTTP\/2 without TLS/)
  assert.equal(told('{ kind: endpoints }', { version: tls }), '')
})

test('a health check by gRPC needs HTTP/2, and no path', () => {
  const probed = (more: string): string => told(`{ kind: process, command: [serve], ${more} }`)
  assert.equal(probed('upstream: h2c, ready: { grpc: true }, live: { grpc: true }'), '')
  assert.match(probed('ready: { grpc: true }'), /say "upstream: h2c"/)
  assert.match(probed('upstream: h2c, live: { grpc: true, path: /live }'), /has no path/)
  assert.match(
    told('{ kind: model, model: spam, ready: { grpc: true } }', { version: '{ uri: a.onnx }' }),
    /by HTTP only/,
  )
})

test('copies of what is gRPC for the most part are warned of', () => {
  const warned = (more: string): readonly string[] =>
    fileWarnings(
      parseServiceFile(
        `serin: v1\nservices:\n  shop:\n    listen: 0\n    versions: { v1: {}, v2: {} }\n    stable: v1\n${more}`,
      ),
    ).map(({ path, message }) => `${path}: ${message}`)
  const workload = (upstream: string): string =>
    `    workload: { kind: process, command: [serve], upstream: ${upstream} }\n`
  const shadow = '    strategy: { kind: shadow, pairs: 100 }\n'
  assert.match(String(warned(workload('h2c') + shadow)), /^services\.shop\.strategy: Calls of gRPC are never copied/)
  assert.deepEqual(warned(workload('http1') + shadow), [])
  assert.deepEqual(warned(workload('h2c')), [])
})
