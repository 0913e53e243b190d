import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultWords, typeWords } from './json-schema.ts'

test('what may stand in a place is said in words', () => {
  assert.equal(typeWords({ $ref: '#/$defs/CanaryStep' }), '[CanaryStep](#canarystep)')
  assert.equal(typeWords({ type: 'string', title: 'duration' }), 'duration')
  assert.equal(typeWords({ enum: ['stable', 'canary'] }), '`stable`, `canary`')
  assert.equal(typeWords({ anyOf: [{ type: 'string' }, { const: false }] }), 'string or `false`')
  assert.equal(
    typeWords({ anyOf: [{ type: 'null' }, { type: 'integer', minimum: 0, maximum: 9 }] }),
    'integer 0–9 or null',
  )
  assert.equal(typeWords({ type: 'integer', minimum: 1 }), 'integer from 1')
  assert.equal(typeWords({ type: 'number', exclusiveMinimum: 0, maximum: 5 }), 'number above 0, at most 5')
  assert.equal(typeWords({ type: 'array', items: { type: 'string' }, maxItems: 3 }), 'list of string (at most 3)')
  assert.equal(typeWords({ type: 'object', additionalProperties: { type: 'string' } }), 'map of string')
  assert.equal(
    typeWords({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'] }),
    '{ `a`: string, `b`?: number }',
  )
  assert.equal(typeWords({ type: ['number', 'string'] }), 'number or string')
})

test('a default is written as one would write it', () => {
  assert.equal(defaultWords({ default: '10m' }), '`10m`')
  assert.equal(defaultWords({ default: {} }), '`{}`')
  assert.equal(defaultWords({}), '')
})
