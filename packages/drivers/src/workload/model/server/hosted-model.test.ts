import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../testing/model-process.ts'
import { echoModel, linearModel, tinyOnnx } from '../testing/tiny-onnx.ts'
import { openEngine } from './engine.ts'
import { HostedModel } from './hosted-model.ts'
import { Unloadable } from './unloadable.ts'

const engine = await openEngine()

/** Loads a file with these bytes and, beside it, these warm-ups by name. Rejects as the load does. */
async function load(bytes: Uint8Array, beside: Readonly<Record<string, unknown>> = {}): Promise<HostedModel> {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'model.onnx')
  await writeFile(path, bytes)
  for (const [name, value] of Object.entries(beside))
    await writeFile(join(directory.path, name), typeof value === 'string' ? value : JSON.stringify(value))
  const model = new HostedModel('m', engine, async () => await Promise.resolve({ version: 'v1', path }))
  await model.load()
  return model
}

async function reasonOf(bytes: Uint8Array, beside?: Readonly<Record<string, unknown>>): Promise<string> {
  try {
    await load(bytes, beside)
  } catch (error) {
    assert.ok(error instanceof Unloadable, String(error))
    assert.match(error.message, /^[^\n]+\.$/, 'one sentence')
    return error.message
  }
  return assert.fail('it was loaded')
}

const row = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 1] }
const golden = { name: 'y', datatype: 'FP32', shape: [1, 2], data: [14, 26] }
const model = linearModel([1, 2, 3, 4], [10, 20])

test('a model torn at any byte is unloadable, and says so in one sentence', async () => {
  for (let length = 0; length < model.length; length += 1) {
    const reason = await reasonOf(model.subarray(0, length))
    assert.match(
      reason,
      new RegExp(`model\\.onnx is not a whole ONNX model: its ${length} bytes are torn, or of another format\\.$`),
    )
  }
})

test('a file of another kind is unloadable', async () => {
  const other = [
    Buffer.from('PK\u0003\u0004 a zip'),
    Buffer.from('<html>404</html>'),
    Buffer.alloc(10_000),
    Buffer.alloc(10_000, 0xff),
  ]
  for (const bytes of other) assert.match(await reasonOf(bytes), /is not a whole ONNX model/)
})

test('an operator that the engine does not know is named', async () => {
  const value = { datatype: 'FP32', shape: [1] } as const
  const graph = { inputs: [{ name: 'x', ...value }], outputs: [{ name: 'y', ...value }] }
  const nodes = [{ op: 'Frobnicate', inputs: ['x'], outputs: ['y'] }]
  assert.match(
    await reasonOf(tinyOnnx({ nodes, ...graph })),
    /uses an operator that the engine does not know: Frobnicate in operator set 13\.$/,
  )
})

test('a graph that does not hold together is unloadable without source files in the sentence', async () => {
  const value = { datatype: 'FP32', shape: [1] } as const
  const graph = { inputs: [{ name: 'x', ...value }], outputs: [{ name: 'y', ...value }] }
  const reason = await reasonOf(
    tinyOnnx({ nodes: [{ op: 'Identity', inputs: ['nowhere'], outputs: ['y'] }], ...graph }),
  )
  assert.match(reason, /cannot be loaded: /)
  assert.doesNotMatch(reason, /onnxruntime\/core|ERROR_CODE/)
})

test('a model whose answers are the golden ones is ready', async () => {
  const near = { ...golden, data: [14.0001, 26] }
  const loaded = await load(model, {
    'warmup.json': { requests: [{ inputs: [row], outputs: [near] }, { inputs: [row] }] },
  })
  assert.equal(loaded.state, 'READY')
})

test('a model that gives another answer than the golden one is unloadable, and the place is named', async () => {
  const warmUp = (outputs: unknown, more: object = {}) => ({ 'warmup.json': { inputs: [row], outputs, ...more } })
  assert.match(
    await reasonOf(model, warmUp([{ ...golden, data: [14, 27] }])),
    /gave another answer: value 1 of "y" is 26, expected 27\.$/,
  )
  assert.match(
    await reasonOf(model, warmUp([{ ...golden, data: [14, 26.01] }])),
    /value 1 of "y" is 26, expected 26.01/,
  )
  assert.match(
    await reasonOf(model, warmUp([{ ...golden, shape: [2, 1] }])),
    /has the shape \[1, 2\], expected \[2, 1\]/,
  )
  assert.match(await reasonOf(model, warmUp([{ ...golden, datatype: 'FP64' }])), /"y" is FP32, expected FP64/)
  assert.match(await reasonOf(model, warmUp([{ ...golden, name: 'z' }])), /there is no output "z"/)
  assert.equal(
    (
      await load(model, {
        'warmup.json': { requests: [{ inputs: [row], outputs: [{ ...golden, data: [14, 26.01] }] }], tolerance: 0.01 },
      })
    ).state,
    'READY',
  )
})

test('texts and 64-bit numbers have to be the golden ones exactly', async () => {
  const texts = (data: string[]) => [{ name: 'x', datatype: 'BYTES', shape: [2], data }]
  const answer = (data: string[]) => [{ ...texts(data)[0], name: 'y' }]
  await load(echoModel('BYTES'), { 'warmup.json': { inputs: texts(['a', 'ß']), outputs: answer(['a', 'ß']) } })
  assert.match(
    await reasonOf(echoModel('BYTES'), { 'warmup.json': { inputs: texts(['a', 'ß']), outputs: answer(['a', 'ss']) } }),
    /is ß, expected ss/,
  )
  const wide = (x: string, y: string) => ({
    'warmup.json': `{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[${x}]}],"outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[${y}]}]}`,
  })
  await load(echoModel('INT64'), wide('9007199254740993', '9007199254740993'))
  assert.match(
    await reasonOf(echoModel('INT64'), wide('9007199254740993', '9007199254740992')),
    /is 9007199254740993, expected 9007199254740992/,
  )
})

test('a warm-up of its own comes before one for all models of the folder', async () => {
  const wrong = { inputs: [row], outputs: [{ ...golden, data: [0, 0] }] }
  const right = { inputs: [row], outputs: [golden] }
  assert.equal((await load(model, { 'model.warmup.json': right, 'warmup.json': wrong })).state, 'READY')
})

test('a warm-up that makes no sense is not passed over', async () => {
  assert.match(await reasonOf(model, { 'warmup.json': '{' }), /warmup\.json is no warm-up: /)
  assert.match(await reasonOf(model, { 'warmup.json': { requests: [] } }), /"requests" is not a list with an item\.$/)
  assert.match(await reasonOf(model, { 'warmup.json': {} }), /Expected a list "inputs"\.$/)
  assert.match(
    await reasonOf(model, { 'warmup.json': { inputs: [{ ...row, name: 'z' }] } }),
    /Request 0 of .* failed: The model has no input "z"/,
  )
  assert.match(
    await reasonOf(model, { 'warmup.json': { inputs: [row], tolerance: '1' } }),
    /"tolerance" is not a number/,
  )
})

test('zeros that a model cannot take are not held against it', async () => {
  const bytes = tinyOnnx({
    nodes: [{ op: 'MatMul', inputs: ['x', 'weights'], outputs: ['y'] }],
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['rows', 'columns'] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['rows', 1] }],
    constants: [{ name: 'weights', shape: [3, 1], data: [1, 2, 3] }],
  })
  const hosted = await load(bytes)
  const input = { name: 'x', datatype: 'FP32', shape: [1, 3], data: new Float32Array([1, 1, 1]) } as const
  const { outputs } = await hosted.infer({ id: null, inputs: [input], outputs: null, binary: false })
  assert.deepEqual([...(outputs[0]?.data ?? [])], [6])
})

test('a missing file, a folder and a file that grew too large each have their sentence', async () => {
  await using directory = await temporaryDirectory()
  const reason = async (path: string) =>
    await new HostedModel('m', engine, async () => await Promise.resolve({ version: 'v', path })).load().then(
      () => assert.fail('it was loaded'),
      (error: Error) => error.message,
    )
  assert.match(await reason(join(directory.path, 'none.onnx')), /none\.onnx does not exist\.$/)
  assert.match(await reason(directory.path), /is not a file\.$/)
  const huge = join(directory.path, 'huge.onnx')
  await writeFile(huge, '')
  await truncate(huge, 2 ** 31)
  assert.match(await reason(huge), /has 2147483648 bytes, more than the 2147483647 allowed\.$/)
})

test('unload lets requests in flight finish, load brings the model back', async () => {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'model.onnx')
  await writeFile(path, model)
  const hosted = new HostedModel('m', engine, async () => await Promise.resolve({ version: 'v1', path }))
  await hosted.load()
  const input = { name: 'x', datatype: 'FP32', shape: [1, 2], data: new Float32Array([1, 1]) } as const
  const request = { id: null, inputs: [input], outputs: null, binary: false }
  const inFlight = Array.from({ length: 20 }, async () => await hosted.infer(request))
  const unloaded = hosted.unload()
  for (const { outputs } of await Promise.all(inFlight)) assert.deepEqual([...(outputs[0]?.data ?? [])], [14, 26])
  await unloaded
  await assert.rejects(hosted.infer(request), { status: 503, message: 'The model "m" is not ready: unloaded.' })
  await hosted.load()
  assert.equal((await hosted.infer(request)).modelVersion, 'v1')
})
