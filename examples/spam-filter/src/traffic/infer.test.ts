import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inferBody, readPrediction } from './infer.ts'

const answer = (data: unknown, more: object = {}) =>
  JSON.stringify({ model_name: 'spam', outputs: [{ name: 'spam', datatype: 'FP32', shape: [1], data }], ...more })

test('the message goes out as it is', () => {
  const text = 'Win £900! "Now"\n😀 \u0000'
  const body = JSON.parse(inferBody(text)) as { readonly inputs: readonly [{ readonly data: readonly string[] }] }
  assert.deepEqual(body.inputs[0], { name: 'text', shape: [1], datatype: 'BYTES', data: [text] })
})

test('the version is the one the gateway names, else the one the model server names', () => {
  assert.deepEqual(readPrediction(answer([0.25]), 'v2'), { version: 'v2', probability: 0.25 })
  assert.deepEqual(readPrediction(answer([0], { model_version: 'v1' }), undefined), { version: 'v1', probability: 0 })
})

const nonsense: Readonly<Record<string, string>> = {
  'no JSON': '<html>',
  'an empty body': '',
  null: 'null',
  'a list': '[]',
  'no outputs': '{"error":"busy"}',
  'outputs of another kind': '{"outputs":{"name":"spam"}}',
  'another output': '{"outputs":[{"name":"ham","data":[0.1]}]}',
  'an output without data': '{"outputs":[{"name":"spam"}]}',
  'no value': answer([]),
  'two values': answer([0.1, 0.2]),
  'a text': answer(['0.5']),
  'not a number, which JSON writes as null': answer([null]),
  'less than 0': answer([-0.1]),
  'more than 1': answer([1.5]),
}
for (const [what, body] of Object.entries(nonsense)) {
  test(`${what} is no prediction`, () => {
    assert.throws(() => readPrediction(body, 'v1'), Error)
  })
}

test('an answer without any version is no prediction', () => {
  assert.throws(() => readPrediction(answer([0.5]), undefined), /which version/)
})
