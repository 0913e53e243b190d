import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerHead } from './answer-head.ts'
import { BodyEnd } from './body.ts'
import { HeadEnd, broken, notYet } from './fields.ts'
import { RequestHead } from './request-head.ts'

/** Cuts bytes at these places, wherever they fall. */
function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place))
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })
const hostileText = fc
  .array(fc.constantFrom('GET / HTTP/1.1', '\r\n', '\r', '\n', 'Host: a', ' ', ':', '\0', '\t', 'X', '\x7f', '\xff'), {
    maxLength: 30,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))

test('the end of a head is found at the same place however it is cut', () => {
  fc.assert(
    fc.property(hostileText, cuts, (bytes, places) => {
      const whole = new HeadEnd().find(bytes, 0)
      const search = new HeadEnd()
      let have = Buffer.alloc(0)
      let found = notYet
      for (const piece of piecesOf(bytes, places)) {
        const from = have.length
        have = Buffer.concat([have, piece])
        found = search.find(have, from)
        if (found !== notYet) break
      }
      assert.equal(found, whole)
    }),
  )
})

test('a chunked body ends at the same place however it is cut, and surplus is left alone', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(chunks, fc.constantFrom('', 'X-Sum: 1\r\n'), cuts, (parts, trailers, places) => {
      const framed = parts.flatMap((part) => [
        Buffer.from(`${part.length.toString(16)}\r\n`),
        part,
        Buffer.from('\r\n'),
      ])
      const body = Buffer.concat([...framed, Buffer.from(`0\r\n${trailers}\r\n`)])
      const end = new BodyEnd('chunked', 0)
      let taken = 0
      for (const piece of piecesOf(Buffer.concat([body, Buffer.from('surplus')]), places)) {
        assert.ok(end.whole || taken <= body.length)
        taken += end.take(piece, 0)
      }
      assert.ok(end.whole)
      assert.equal(taken, body.length)
    }),
  )
})

test('chunks that two could read in two ways are broken', () => {
  const all = [
    '\r\n',
    'zz\r\n',
    '+1\r\na\r\n',
    '1\na\r\n',
    '1;x\na\r\n',
    '1;\0\r\na\r\n',
    ';x\r\n',
    '0\r\nContent-Length: 1\r\n\r\n',
    '0\r\n X: folded\r\n\r\n',
    `1;${'x'.repeat(1_100)}\r\na\r\n`,
    '1\r\nab\r\n',
    '1\r\na\n',
    '000000001\r\na\r\n',
  ]
  for (const text of [...all, ' 1\r\na\r\n', '0x1\r\na\r\n', '0\r\nX: a\nb\r\n\r\n', `0\r\nX: ${'x'.repeat(9_000)}`])
    assert.equal(new BodyEnd('chunked', 0).take(Buffer.from(text), 0), -1, JSON.stringify(text))
})

test('random heads never make the parser throw, and are read strictly', () => {
  fc.assert(
    fc.property(hostileText, (bytes) => {
      const end = new HeadEnd().find(bytes, 0)
      if (end === notYet || end === broken) return
      const head = new RequestHead(100)
      if (head.read(bytes, end) !== null) return
      assert.match(
        bytes.toString('latin1', 0, end),
        /^[A-Z][A-Z-]* [\x21-\x7e]+ HTTP\/1\.[01]\r\n([^\s:]+:[^\r\n]*\r\n)*\r\n$/,
      )
    }),
  )
})

test('an answer whose length is not clear is not sound', () => {
  const read = (lines: string, method = 'GET'): AnswerHead | null => {
    const bytes = Buffer.from(`${lines}\r\n\r\n`)
    const head = new AnswerHead(10)
    return head.read(bytes, bytes.length, method) === 'sound' ? head : null
  }
  const unsound = [
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 1, 1',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked',
    'HTTP/1.1 20 OK',
    'HTTP/2 200 OK',
    'HTTP/1.1 200 OK\r\n X: folded',
  ]
  for (const lines of unsound) assert.equal(read(lines), null, lines)
  assert.equal(read('HTTP/1.1 200 OK')?.framing, 'close')
  assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 9', 'HEAD')?.framing, 'none')
  assert.equal(read('HTTP/1.1 304 Not Modified\r\nContent-Length: 9')?.framing, 'none')
  assert.equal(read('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9')?.keeps, false)
})
