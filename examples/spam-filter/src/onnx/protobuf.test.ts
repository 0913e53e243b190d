import assert from 'node:assert/strict'
import { test } from 'node:test'
import { littleEndian, Message } from './protobuf.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('the examples of the format’s own documentation come out byte for byte', () => {
  assert.equal(hex(new Message().int(1, 150).finish()), '089601')
  assert.equal(hex(new Message().text(2, 'testing').finish()), '120774657374696e67')
  assert.equal(hex(new Message().message(3, new Message().int(1, 150)).finish()), '1a03089601')
  assert.equal(hex(new Message().ints(6, [3, 270, 86_942]).finish()), '3206038e029ea705')
})

test('negative numbers take ten bytes, and numbers beyond 32 bits are whole', () => {
  assert.equal(hex(new Message().int(1, -2).finish()), '08feffffffffffffffff01')
  assert.equal(hex(new Message().int(1, 2 ** 40).finish()), '08808080808020')
})

test('floats are four bytes, little end first', () => {
  assert.equal(hex(new Message().float(2, 1.5).finish()), '150000c03f')
  assert.equal(hex(littleEndian([1, -2])), '0000803f000000c0')
})

test('a fraction or a number beyond 2^53 is refused instead of being cut off', () => {
  assert.throws(() => new Message().int(1, 1.5), RangeError)
  assert.throws(() => new Message().int(1, 2 ** 53), RangeError)
})
