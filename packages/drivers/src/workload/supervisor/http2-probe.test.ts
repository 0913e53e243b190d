import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp1 } from 'node:http'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { test } from 'node:test'
import { probeOnce, type Spoken } from './http-probe.ts'

const never = new AbortController().signal

async function found(server: Server, spoken: Spoken, more: { grpc?: boolean; timeout?: number } = {}): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const result = await probeOnce(base, { path: '/healthz', timeout: 10_000, spoken, ...more }, never)
    return result.ok ? 'well' : result.message.replace(base, '')
  } finally {
    server.close()
  }
}

const answering = (status: number): Server => {
  const server = createServer()
  server.on('stream', (stream, { ':path': path }) => {
    stream.respond({ ':status': path === '/healthz' ? status : 404 })
    // A body without end.
    stream.write('on and on')
  })
  return server
}

const healthy = (bytes: readonly number[], grpcStatus = '0'): Server => {
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream, { ':path': path }) => {
    assert.equal(path, '/grpc.health.v1.Health/Check')
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': grpcStatus }))
    const asked: Buffer[] = []
    stream.on('data', (more: Buffer) => asked.push(more))
    stream.on('end', () => {
      assert.deepEqual(Buffer.concat(asked), Buffer.alloc(5))
      stream.end(Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]))
    })
  })
  return server
}

test('a path is asked by HTTP/2', async () => {
  assert.equal(await found(answering(200), 'h2c'), 'well')
  assert.equal(await found(answering(503), 'h2c'), '/healthz answered 503')
  assert.match(await found(createServer(), 'h2c', { timeout: 300 }), /did not answer within/)
})

test('the health of gRPC is asked, and only SERVING is well', async () => {
  const grpc = { grpc: true }
  const at = '/grpc.health.v1.Health/Check answered'
  assert.equal(await found(healthy([8, 1]), 'h2c', grpc), 'well')
  assert.equal(await found(healthy([8, 2]), 'h2c', grpc), `${at} NOT_SERVING`)
  assert.equal(await found(healthy([]), 'h2c', grpc), `${at} UNKNOWN`)
  assert.equal(await found(healthy([8, 1], '13'), 'h2c', grpc), `${at} grpc-status 13`)
})

test('who speaks the other version of HTTP is told so', async () => {
  assert.match(await found(answering(200), 'http1'), /did not answer in HTTP\/1\.1; .*upstream: h2c/)
  const http1 = createHttp1((_request, response) => response.end())
  assert.match(await found(http1, 'h2c'), /did not answer in HTTP\/2|cut the connection/)
})
