import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { datatypes, kindOf } from './datatype.ts'
import type { Datatype, Tensor, TensorData } from './datatype.ts'
import { parseInferRequest, parseInferResponse, renderInferRequest, renderInferResponse } from './message.ts'
import type { Body, RenderedBody } from './message.ts'
import { ProtocolError } from './protocol-error.ts'

function bodyOf({ json, binary }: RenderedBody): Body {
  const head = Buffer.from(json)
  return { bytes: Buffer.concat([head, ...binary]), jsonLength: binary.length === 0 ? null : head.length }
}

function request(inputs: unknown, more: object = {}): Body {
  return { bytes: Buffer.from(JSON.stringify({ inputs, ...more })), jsonLength: null }
}

function only(body: Body): Tensor {
  const { inputs } = parseInferRequest(body)
  assert.equal(inputs.length, 1)
  return inputs[0] as Tensor
}

/** Any bytes are values of a numeric type, so this reaches NaN, infinities, -0 and the ends of every range. */
function anyData(datatype: Datatype): fc.Arbitrary<TensorData> {
  if (datatype === 'BYTES') return fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 })
  const { bytes, view } = kindOf(datatype)
  if (datatype === 'BOOL') return fc.array(fc.nat(1), { maxLength: 5 }).map((values) => new Uint8Array(values))
  return fc
    .nat(5)
    .chain((length) =>
      fc
        .uint8Array({ minLength: length * bytes, maxLength: length * bytes })
        .map((given) => view(new Uint8Array(given).buffer)),
    )
}

const anyTensor = fc
  .record({ name: fc.string({ unit: 'grapheme' }), datatype: fc.constantFrom(...(datatypes as readonly Datatype[])) })
  .chain(({ name, datatype }) => anyData(datatype).map((data) => ({ name, datatype, shape: [data.length], data })))

const isFinite = ({ data }: Tensor): boolean =>
  Array.from<unknown>(data as string[]).every((value) => typeof value !== 'number' || Number.isFinite(value))

test('every datatype survives the binary form, bit for bit', () => {
  fc.assert(
    fc.property(fc.array(anyTensor, { minLength: 1, maxLength: 4 }), (tensors) => {
      const sent = renderInferRequest({ id: 'a', inputs: tensors, outputs: null, binary: true })
      const parsed = parseInferRequest(bodyOf(sent))
      assert.deepEqual(parsed, { id: 'a', inputs: tensors, outputs: null, binary: true })
      const answer = { modelName: 'm', modelVersion: 'v', id: null, outputs: tensors }
      assert.deepEqual(parseInferResponse(bodyOf(renderInferResponse(answer, () => true))), answer)
    }),
  )
})

test('every datatype survives JSON, 64-bit numbers digit for digit', () => {
  fc.assert(
    fc.property(anyTensor.filter(isFinite), (tensor) => {
      const parsed = parseInferRequest(
        bodyOf(renderInferRequest({ id: null, inputs: [tensor], outputs: null, binary: false })),
      )
      // JSON has no -0.
      const plain = tensor.datatype.startsWith('FP')
        ? { ...tensor, data: (tensor.data as Float64Array).map((value) => value + 0) }
        : tensor
      assert.deepEqual(parsed.inputs, [plain])
    }),
  )
})

test('some tensors may come in JSON and others in binary form', () => {
  const json = JSON.stringify({
    inputs: [
      { name: 'a', shape: [2], datatype: 'INT16', parameters: { binary_data_size: 4 } },
      { name: 'b', shape: [1], datatype: 'BYTES', data: ['naïve'] },
      { name: 'c', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 9 } },
    ],
    outputs: [{ name: 'y', parameters: { binary_data: true } }, { name: 'z' }],
  })
  const bytes = Buffer.concat([Buffer.from(json), Buffer.from([1, 0, 0xff, 0xff, 1, 0, 0, 0, 0x78, 0, 0, 0, 0])])
  const { inputs, outputs } = parseInferRequest({ bytes, jsonLength: Buffer.byteLength(json) })
  assert.deepEqual(
    inputs.map(({ data }) => [...data]),
    [[1, -1], ['naïve'], ['x', '']],
  )
  assert.deepEqual(outputs, [
    { name: 'y', binary: true },
    { name: 'z', binary: false },
  ])
})

test('data may be nested as its shape is, or flat', () => {
  const flat = only(request([{ name: 'x', shape: [2, 1, 2], datatype: 'FP32', data: [1, 2, 3, 4] }]))
  const nested = only(request([{ name: 'x', shape: [2, 1, 2], datatype: 'FP32', data: [[[1, 2]], [[3, 4]]] }]))
  assert.deepEqual(nested, flat)
  assert.deepEqual(only(request([{ name: 'x', shape: [], datatype: 'INT8', data: [7] }])).data, new Int8Array([7]))
})

test('what JSON has no word for becomes null', () => {
  const outputs: Tensor[] = [
    { name: 'y', datatype: 'FP32', shape: [4], data: new Float32Array([NaN, -Infinity, 1e30, Infinity]) },
  ]
  const { json } = renderInferResponse({ modelName: 'm', modelVersion: null, id: null, outputs }, () => false)
  const value = JSON.parse(json) as { outputs: { data: unknown[] }[] }
  assert.deepEqual(value.outputs[0]?.data, [null, null, 1.0000000150474662e30, null])
})

test('all outputs can be asked for in binary form, and one of them not', () => {
  const parameters = { binary_data_output: true }
  const outputs = [{ name: 'a' }, { name: 'b', parameters: { binary_data: false } }]
  const parsed = parseInferRequest(request([], { parameters, outputs }))
  assert.deepEqual(
    [parsed.binary, parsed.outputs],
    [
      true,
      [
        { name: 'a', binary: true },
        { name: 'b', binary: false },
      ],
    ],
  )
})

describe('a request that is wrong is refused with a sentence that names the place', () => {
  const x = { name: 'x', shape: [1], datatype: 'INT8', data: [1] }
  const cases: readonly (readonly [string, Body, RegExp])[] = [
    ['no JSON', { bytes: Buffer.from('{'), jsonLength: null }, /^The body is not JSON: /],
    ['a list', { bytes: Buffer.from('[]'), jsonLength: null }, /^The body is not an object\.$/],
    ['no inputs', request(undefined), /^Expected a list "inputs"\.$/],
    ['an input that is no object', request([1]), /^Item 0 of "inputs" is not an object\.$/],
    ['no name', request([{ ...x, name: 1 }]), /^A tensor has no "name"\.$/],
    ['a datatype that is none', request([{ ...x, datatype: 'INT9' }]), /^"x" has the datatype "INT9"\. Known: BOOL, /],
    ['a datatype every object has', request([{ ...x, datatype: 'toString' }]), /has the datatype "toString"/],
    ['no datatype', request([{ ...x, datatype: undefined }]), /^"x" has the datatype \(none\)/],
    ['no shape', request([{ ...x, shape: undefined }]), /^"x" has no "shape"/],
    ['a shape with a hole', request([{ ...x, shape: [-1] }]), /^"x" has no "shape"/],
    ['fewer values than the shape', request([{ ...x, shape: [3] }]), /^"x" has 1 values; its shape \[3\] has 3\.$/],
    ['a huge shape', request([{ ...x, shape: [9e15, 9e15] }]), /^"x" has 1 values/],
    ['no data', request([{ ...x, data: undefined }]), /^"x" has neither "data" nor/],
    [
      'a value out of range',
      request([{ ...x, shape: [2], data: [1, 128] }]),
      /^Value 1 of "x" is 128, which is no INT8\.$/,
    ],
    ['a fraction', request([{ ...x, data: [0.5] }]), /is 0.5, which is no INT8/],
    ['null', request([{ ...x, datatype: 'FP32', data: [null] }]), /is null, which is no FP32/],
    ['a number for text', request([{ ...x, datatype: 'BYTES', data: [5] }]), /is 5, which is no BYTES/],
    ['a negative for UINT64', request([{ ...x, datatype: 'UINT64', data: [-1] }]), /is -1, which is no UINT64/],
    ['both forms', request([{ ...x, parameters: { binary_data_size: 0 } }]), /^"x" has both/],
    ['outputs that are no list', request([x], { outputs: {} }), /^Expected a list "outputs"\.$/],
    ['classification', request([x], { outputs: [{ name: 'y', parameters: { classification: 3 } }] }), /classification/],
    ['a JSON part that is longer than the body', { bytes: Buffer.from('{}'), jsonLength: 3 }, /fewer than the 3/],
    [
      'bytes that belong to nothing',
      { bytes: Buffer.from('{"inputs":[]}xx'), jsonLength: 13 },
      /^The body has 2 bytes/,
    ],
  ]
  for (const [name, body, message] of cases)
    test(name, () =>
      assert.throws(
        () => parseInferRequest(body),
        (error) => error instanceof ProtocolError && error.status === 400 && message.test(error.message),
      ),
    )
})

describe('binary tensors that are wrong are refused', () => {
  const withBinary = (datatype: string, shape: number[], size: number, rest: readonly number[]): Body => {
    const json = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', shape, datatype, parameters: { binary_data_size: size } }] }),
    )
    return { bytes: Buffer.concat([json, Buffer.from(rest)]), jsonLength: json.length }
  }
  const cases: readonly (readonly [string, Body, RegExp])[] = [
    [
      'a body that ends too early',
      withBinary('INT8', [4], 4, [1, 2]),
      /^"x" has 4 bytes in binary form, but the body ends before/,
    ],
    ['half a value', withBinary('INT32', [1], 3, [1, 2, 3]), /^"x" has 3 bytes, not a multiple of the 4 of INT32/],
    ['a text longer than the bytes', withBinary('BYTES', [1], 6, [9, 0, 0, 0, 65, 66]), /end in the middle of text 0/],
    ['half a length', withBinary('BYTES', [1], 2, [1, 0]), /end in the middle of text 0/],
    ['text that is not UTF-8', withBinary('BYTES', [1], 5, [1, 0, 0, 0, 0xff]), /^Text 0 of "x" is not UTF-8/],
    ['a size that is none', withBinary('INT8', [1], -1, []), /"binary_data_size" of "x" is not a number of bytes/],
  ]
  for (const [name, body, message] of cases)
    test(name, () => assert.throws(() => parseInferRequest(body), { status: 400, message }))
})
