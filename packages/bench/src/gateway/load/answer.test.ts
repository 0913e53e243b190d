import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAnswer } from './answer.ts'

const good = 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nServer: x\r\n\r\nv2 says hello'
const read = (text: string) => readAnswer(Buffer.from(text))

test('an answer is the expected one only when status, length and every byte of the body are right', () => {
  assert.deepEqual(read(good), { version: 'v2' })
  assert.deepEqual(read(good.replace('Content-Length', 'content-length')), { version: 'v2' })
  for (const wrong of [
    good.replace('200', '502'),
    good.replace('13', '14'),
    good.replace('hello', 'jello'),
    good.replace('v2', 'v3'),
    `${good}x`,
    'x'.repeat(20_000),
  ])
    assert.equal(read(wrong), 'wrong', wrong.slice(0, 80))
})

test('until the last byte is there it may still become the expected one', () => {
  for (let length = 0; length < good.length; length += 1) assert.equal(read(good.slice(0, length)), 'more')
})
