import { InferenceSession, Tensor } from 'onnxruntime-web'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeModel, type Graph, type Model } from './model.ts'

const modelOf = (graph: Omit<Graph, 'name'>): Model => ({
  producer: 'test',
  description: 'a test',
  operatorSets: { '': 20, 'ai.onnx.ml': 2 },
  graph: { name: 'g', ...graph },
})

test('a runtime reads every kind of tensor and attribute, and computes what the graph says', async () => {
  const model = modelOf({
    inputs: [{ name: 'word', type: 'string', shape: ['n'] }],
    outputs: [{ name: 'y', type: 'float', shape: ['n'] }],
    constants: {
      scale: { type: 'float', shape: [1], data: [0.5] },
      first: { type: 'int64', shape: [1], data: [0] },
      names: { type: 'string', shape: [2], data: ['x', 'ä'] },
    },
    nodes: [
      // texts, floats and a float
      {
        op: 'LabelEncoder',
        domain: 'ai.onnx.ml',
        inputs: ['word'],
        outputs: ['value'],
        attributes: {
          keys_strings: { texts: ['one', 'zwölf'] },
          values_floats: { floats: [1, 12] },
          default_float: { float: -3 },
        },
      },
      { op: 'Mul', inputs: ['value', 'scale'], outputs: ['half'] },
      // a string tensor, ints and an int
      {
        op: 'LabelEncoder',
        domain: 'ai.onnx.ml',
        inputs: ['names'],
        outputs: ['codes'],
        attributes: {
          keys_strings: { texts: ['ä'] },
          values_int64s: { ints: [7_000_000_000] },
          default_int64: { int: -1 },
        },
      },
      { op: 'ReduceMax', inputs: ['codes', 'first'], outputs: ['largest'], attributes: { keepdims: { int: 0 } } },
      { op: 'Constant', inputs: [], outputs: ['bar'], attributes: { value: { tensor: bar } } },
      { op: 'Greater', inputs: ['largest', 'bar'], outputs: ['is_large'] },
      // graphs
      {
        op: 'If',
        inputs: ['is_large'],
        outputs: ['y'],
        attributes: { then_branch: { graph: branch('Neg') }, else_branch: { graph: branch('Abs') } },
      },
    ],
  })
  const session = await InferenceSession.create(encodeModel(model), { logSeverityLevel: 3 })
  const { y } = await session.run({ word: new Tensor('string', ['zwölf', 'one', 'two'], [3]) })
  assert.deepEqual(y?.data, Float32Array.of(-6, -0.5, 1.5))
  assert.deepEqual([session.inputNames, session.outputNames], [['word'], ['y']])
  await session.release()
})

const bar = { type: 'int64', shape: [], data: [6_000_000_000] } as const

function branch(op: string): Graph {
  return {
    name: op,
    inputs: [],
    outputs: [{ name: 'out', type: 'float', shape: ['n'] }],
    nodes: [{ op, inputs: ['half'], outputs: ['out'] }],
  }
}

test('equal models give equal bytes', () => {
  const model = modelOf({ inputs: [], outputs: [], nodes: [], constants: {} })
  assert.deepEqual(encodeModel(model), encodeModel(structuredClone(model)))
})

test('a tensor whose data does not fill its shape is refused', () => {
  const constants = { c: { type: 'float', shape: [2, 3], data: [1, 2, 3] } } as const
  assert.throws(() => encodeModel(modelOf({ inputs: [], outputs: [], nodes: [], constants })), /2×3 has 6 elements/)
})
