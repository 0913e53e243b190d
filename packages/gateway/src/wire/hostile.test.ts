import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { HeadEnd } from './fields.ts'
import { RequestHead } from './request-head.ts'

const heads = [
  'GET /a?b=c HTTP/1.1\r\nHost: shop.example:80\r\nCookie: a=1; b=2\r\nX-Empty:\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'DELETE /x HTTP/1.1\r\nhost:a\r\nX-Many: 1\r\nX-Many: 2\t\r\n\r\n',
]
const bytes = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '\x7f',
  '\x80',
  '\xff',
  'G',
  '1',
  '/',
  '',
  '\r\n',
  '\r\n ',
  ';',
  '"',
]
const mutated = fc
  .tuple(
    fc.constantFrom(...heads),
    fc.array(fc.tuple(fc.nat(200), fc.nat(2), fc.constantFrom(...bytes)), { minLength: 1, maxLength: 3 }),
  )
  .map(([head, changes]) => {
    let text = head
    for (const [at, cut, put] of changes) {
      const place = at % text.length
      text = text.slice(0, place) + put + text.slice(place + cut)
    }
    return Buffer.from(text, 'latin1')
  })

/** Whether the fast lane would serve it. */
function serves(text: Buffer): boolean {
  const end = new HeadEnd().find(text, 0)
  const head = new RequestHead(100)
  return end === text.length && head.read(text, end) === null && head.ordinary
}

test('what the fast lane serves, the strict parser of Node takes too', async () => {
  let taken = 0
  const server = createServer((_request, response) => {
    taken += 1
    response.setHeader('Connection', 'close').end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  let served = 0
  for (const text of new Set([...heads.map((head) => Buffer.from(head)), ...fc.sample(mutated, 3_000)])) {
    if (!serves(text)) continue
    served += 1
    if (served > 500) break
    const before = taken
    const socket = connect(address.port, '127.0.0.1').on('error', () => {})
    socket.resume().end(text)
    await once(socket, 'close')
    assert.equal(taken, before + 1, JSON.stringify(text.toString('latin1')))
  }
  server.close()
  assert.ok(served > 100, `only ${served} of the heads were taken`)
})
