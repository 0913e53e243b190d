import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { Client } from './client.ts'
import { lost } from './drive.ts'
import { openLoad } from './process.ts'
import { bodyOf, requests } from './requests.ts'

const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** A server that answers each request with what it is told. */
async function openServer(say: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => say(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

test('the request is that of a browser, the same length for each user', () => {
  assert.ok(requests.every(({ length }) => length === requests[0]?.length))
  assert.match(String(requests[511]), /\r\nCookie: theme=dark; uid=user-000511; consent=1\r\n\r\n$/)
})

test(
  'the load counts what it gets from its own upstreams, at full speed and at a rate',
  { timeout: 60_000 },
  async () => {
    const load = await openLoad()
    try {
      const full = await load.drive(load.upstreams.stable, { connections: 8, ms: 100 })
      assert.ok(full.answers > 0 && full.ms >= 100)
      assert.equal(full.errors, 0)
      const paced = await load.pace(load.upstreams.canary, { connections: 4, ms: 200, perSecond: 200 })
      assert.ok(paced.answers > 0 && paced.answers <= 40)
      assert.ok(paced.p50Us > 0 && paced.p99Us >= paced.p50Us)
      assert.equal(paced.errors, 0)
    } finally {
      await load.close()
    }
  },
)

test('a wrong status, a wrong body and a reset are errors', { timeout: 120_000 }, async () => {
  const load = await openLoad()
  try {
    const cases: readonly (readonly [name: string, say: (socket: Socket) => void])[] = [
      ['status', (socket) => socket.write(answer(bodyOf('v1')).replace('200', '503'))],
      ['body', (socket) => socket.write(answer('v1 says nothin'))],
      ['reset', (socket) => socket.destroy()],
    ]
    for (const [name, say] of cases) {
      const server = await openServer(say)
      try {
        const { errors } = await load.drive(server.port, { connections: 2, ms: 30 })
        assert.ok(errors > 0, name)
      } finally {
        server.close()
      }
    }
    const broken = await openServer((socket) => socket.destroy())
    try {
      assert.ok((await load.pace(broken.port, { connections: 2, ms: 50, perSecond: 100 })).errors > 0)
    } finally {
      broken.close()
    }
  } finally {
    await load.close()
  }
})

test('a user who is answered by another version than before is an error', { timeout: 30_000 }, async () => {
  const server = await openServer((socket) => socket.write(answer(bodyOf('v1'))))
  const outcome = async (known: string): Promise<string> =>
    await new Promise((resolve) => {
      const client: Client = new Client(server.port, [known], {
        ready: (ready) => ready.send(0),
        answered: () => resolve('answered'),
        wrong: () => {
          client.close()
          resolve('wrong')
        },
      })
    })
  try {
    assert.deepEqual([await outcome('v1'), await outcome('v2')], ['answered', 'wrong'])
  } finally {
    server.close()
  }
})

test('an answer that never comes is an error', { timeout: 30_000 }, async () => {
  const server = await openServer(() => {})
  try {
    const client = await new Promise<Client>((resolve) => {
      void new Client(server.port, [], { ready: resolve, answered: () => {}, wrong: () => {} })
    })
    client.send(0)
    assert.equal(await lost([client], 50), 1)
    client.close()
  } finally {
    server.close()
  }
})
