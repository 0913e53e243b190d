import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRequestMark } from '@serin/core/assignment'
import * as fc from 'fast-check'
import { Page } from '../wire/page.ts'
import { Mark, markFormOf } from './mark.ts'

test('a mark is the same as a text and as bytes, and that of core', () => {
  const request = fc.record({
    version: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
    by: fc.constantFrom('rule', 'override', 'hash'),
    bucket: fc.nat(255),
    canaryBp: fc.nat(10_000),
    rollout: fc.constantFrom('idle', 'web-v2#17'),
  })
  const number = fc.oneof(fc.nat(100), fc.maxSafeNat())
  fc.assert(
    fc.property(request, number, ({ version, by, bucket, canaryBp, rollout }, count) => {
      const mark = new Mark(markFormOf('cafe', { canaryBp, rollout }, { version, by }), count, bucket)
      const told = formatRequestMark(`cafe-${count.toString(36)}`, { version, by, bucket, canaryBp, rollout })
      const page = new Page(mark.room)
      mark.put(page)
      assert.deepEqual([mark.text, page.written.toString('latin1')], [told, told])
    }),
  )
})
