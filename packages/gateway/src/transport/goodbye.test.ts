import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { endsWithClose } from './goodbye.ts'

const reason = fc.uint8Array({ maxLength: 125 })

test('a close frame of either side is seen at the end of what was said', () => {
  fc.assert(
    fc.property(fc.uint8Array(), reason, fc.uint8Array({ minLength: 4, maxLength: 4 }), (before, payload, mask) => {
      assert.ok(endsWithClose(Buffer.from([...before, 0x88, payload.length, ...payload])))
      assert.ok(endsWithClose(Buffer.from([...before, 0x88, 0x80 | payload.length, ...mask, ...payload])))
    }),
  )
})

test('text, half a frame and silence are no goodbye', () => {
  for (const said of [
    Buffer.alloc(0),
    Buffer.from([0x88]),
    Buffer.from([0x81, 2, 0x68, 0x69]),
    Buffer.from([0x88, 3, 1]),
  ])
    assert.equal(endsWithClose(said), false)
})
