import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizedBody } from './requests.ts'
import { SizedAnswer } from './sized-answer.ts'

const bytes = 10_000
const answerOf = (version: string): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\nServer: x\r\n\r\n`),
    sizedBody(version, bytes),
  ])
const changed = (at: number, to = 0): Buffer => {
  const copy = Buffer.from(answerOf('v2'))
  copy[at < 0 ? copy.length + at : at] = to
  return copy
}

/** What is said last when an answer comes in pieces of so many bytes. */
function readIn(pieceBytes: number, all: Buffer, reader = new SizedAnswer(bytes)): unknown {
  for (let at = 0; at < all.length; at += pieceBytes) {
    const said = reader.read(all.subarray(at, at + pieceBytes))
    if (said !== 'more') return at + pieceBytes >= all.length ? said : 'early'
  }
  return 'more'
}

test('a long answer is the expected one in whatever pieces it comes, one after the other', () => {
  const reader = new SizedAnswer(bytes)
  for (const pieceBytes of [1, 7, 60, 1_000, 65_536])
    for (const version of ['v1', 'v2']) assert.deepEqual(readIn(pieceBytes, answerOf(version), reader), { version })
})

test('a wrong status, length, version or byte is not the expected answer, nor is one byte more or less', () => {
  const good = answerOf('v2')
  const other = Buffer.concat([good.subarray(0, 5_000), answerOf('v1').subarray(5_000)])
  assert.deepEqual(readIn(65_536, other), { version: 'v2' }, 'only the beginning says the version')
  const text = good.toString('latin1')
  for (const wrong of [
    Buffer.from(text.replace('200', '502'), 'latin1'),
    Buffer.from(text.replace('10000', '10001'), 'latin1'),
    Buffer.from(text.replace('\r\n\r\nv2', '\r\n\r\nv3'), 'latin1'),
    changed(-1),
    changed(5_000),
    Buffer.concat([good.subarray(0, 5_000), good.subarray(4_000, -1_000)]),
    Buffer.concat([good, Buffer.from('x')]),
    Buffer.alloc(20_000, 'x'),
  ])
    assert.equal(readIn(65_536, wrong), 'wrong')
  assert.equal(readIn(1_000, good.subarray(0, -1)), 'more')
})

test('after a connection broke in the middle the next answer is read from its beginning', () => {
  const reader = new SizedAnswer(bytes)
  assert.equal(reader.read(answerOf('v1').subarray(0, 5_000)), 'more')
  reader.forget()
  assert.deepEqual(reader.read(answerOf('v2')), { version: 'v2' })
})
