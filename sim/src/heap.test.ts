import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createHeap } from './heap.ts'

test('whatever goes in and out, the first comes out first', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50), { nil: null }), { maxLength: 200 }), (steps) => {
      const heap = createHeap<{ readonly at: number }>((a, b) => a.at < b.at)
      const mirror: number[] = []
      for (const step of steps) {
        if (step === null) assert.equal(heap.pop()?.at, mirror.shift())
        else {
          heap.push({ at: step })
          mirror.push(step)
          mirror.sort((a, b) => a - b)
        }
        assert.deepEqual([heap.top?.at, heap.size], [mirror[0], mirror.length])
      }
    }),
  )
})
