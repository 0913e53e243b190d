import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openSession, sendOn } from '../../testing/h2.ts'
import { openWorld, tableOf } from '../../testing/servers.ts'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const [headers, reset, settings, ping, continuation] = [1, 3, 4, 6, 9]
const [endStream, endHeaders] = [1, 4]

function frame(kind: number, flags: number, id: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(kind, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

/** `GET / http` of the static table, and `:authority: a`. */
const get = Buffer.from([0x82, 0x84, 0x86, 0x41, 0x01, 0x61])
const ids = Array.from({ length: 20_000 }, (_, i) => 2 * i + 1)

const floods: Readonly<Record<string, () => Buffer[]>> = {
  'streams that are taken back at once': () =>
    ids.map((id) =>
      Buffer.concat([frame(headers, endStream | endHeaders, id, get), frame(reset, 0, id, Buffer.from([0, 0, 0, 8]))]),
    ),
  'too many streams': () => ids.map((id) => frame(headers, endStream | endHeaders, id, get)),
  PING: () => ids.map(() => frame(ping, 0, 0, Buffer.alloc(8))),
  SETTINGS: () => ids.map(() => frame(settings, 0, 0)),
  'a head that never ends': () => [
    frame(headers, endStream, 1, get),
    ...ids.map(() => frame(continuation, 0, 1, Buffer.from([0x00, 0x01, 0x78, 0x01, 0x79]))),
  ],
}

for (const [what, frames] of Object.entries(floods)) {
  test(`a connection that floods with ${what} is ended, and another is served meanwhile`, async () => {
    await using world = await openWorld()
    const v1 = await world.upstream((_request, response) => setTimeout(() => response.end('v1'), 5))
    const gateway = await world.gateway()
    await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
    const { hostname, port } = new URL(gateway.identity.address)
    const socket = connect(Number(port), hostname)
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}))
    socket.resume()
    socket.write(Buffer.concat([preface, frame(settings, 0, 0), ...frames()]))
    using session = await openSession(gateway.identity.address)
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await sendOn(session, { ':path': '/' })))
    assert.ok(answers.every(({ status }) => status === 200))
    await ended
  })
}
