import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const known = ['metrics', 'versions', 'strategy', 'stable', 'unit', 'rules']

test('a letter too many, too few, wrong or swapped still leads to the word', () => {
  for (const [typo, word] of [
    ['metrcs', 'metrics'],
    ['mettrics', 'metrics'],
    ['metriks', 'metrics'],
    ['metrisc', 'metrics'],
    ['Versions', 'versions'],
    ['strtgey', 'strategy'],
    ['unti', 'unit'],
  ] as const)
    assert.equal(nearest(typo, known), word)
})

test('what is too far from everything leads nowhere', () => {
  for (const far of ['', 'x', 'zebra', 'workload']) assert.equal(nearest(far, known), undefined)
  assert.equal(nearest('metrics', []), undefined)
})

test('a known word is nearest to itself, and what is nearest is always known', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 }),
      fc.string({ maxLength: 12 }),
      (words, name) => {
        const near = nearest(name, words)
        assert.ok(near === undefined || words.includes(near))
        for (const word of words) assert.equal(nearest(word, words)?.toLowerCase(), word.toLowerCase())
      },
    ),
  )
})
