import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { OpenInferenceClient } from '../protocol/client.ts'
import type { Tensor } from '../protocol/datatype.ts'
import { runModelProcess, startModelProcess, temporaryDirectory, until } from '../testing/model-process.ts'
import type { ModelProcess } from '../testing/model-process.ts'
import { echoModel, linearModel } from '../testing/tiny-onnx.ts'
import { openEngine } from './engine.ts'
import { exitCodes } from './exit-codes.ts'

const never = new AbortController().signal
const rows: Tensor = { name: 'x', datatype: 'FP32', shape: [2, 2], data: new Float32Array([1, 1, 0, 2]) }
const asking = (inputs: readonly Tensor[], binary = false) => ({ id: 'r1', inputs, outputs: null, binary })

interface Served extends AsyncDisposable {
  readonly process: ModelProcess
  readonly base: string
}

/** A process that serves these bytes as `spam` at version `v1`, ready to be asked. */
async function serve(bytes: Uint8Array, version = 'v1'): Promise<Served> {
  const stack = new AsyncDisposableStack()
  const directory = stack.use(await temporaryDirectory())
  const uri = join(directory.path, 'model.onnx')
  await writeFile(uri, bytes)
  const process = stack.use(await startModelProcess('--model', 'spam', '--version', version, '--uri', uri))
  await process.ready('/v2/models/spam/ready')
  return { process, base: process.base, [Symbol.asyncDispose]: async () => await stack.disposeAsync() }
}

async function ask(
  base: string,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<readonly [number, unknown]> {
  const response = await fetch(base + path, { method, ...init })
  const text = await response.text()
  return [response.status, text === '' ? '' : JSON.parse(text)]
}

describe('every route of a server of one model', () => {
  let served: Served
  before(async () => {
    served = await serve(linearModel([1, 2, 3, 4], [10, 20]))
  })
  after(async () => await served[Symbol.asyncDispose]())

  const body = JSON.stringify({ id: '7', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [[1, 1]] }] })
  const inferred = {
    model_name: 'spam',
    model_version: 'v1',
    id: '7',
    outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [14, 26] }],
  }

  const cases: readonly (readonly [
    method: string,
    path: string,
    status: number,
    answer: unknown,
    init?: RequestInit,
  ])[] = [
    ['GET', '/v2', 200, { name: 'serin', version: '2', extensions: ['binary_tensor_data', 'model_repository'] }],
    ['GET', '/v2/', 200, { name: 'serin', version: '2', extensions: ['binary_tensor_data', 'model_repository'] }],
    ['GET', '/v2/health/live', 200, { live: true }],
    ['GET', '/v2/health/ready?x=y', 200, { ready: true }],
    ['GET', '/v2/models/spam/ready', 200, { name: 'spam', ready: true }],
    ['GET', '/v2/models/spam/versions/v1/ready', 200, { name: 'spam', ready: true }],
    ['GET', '/ready', 200, { name: 'spam', ready: true }],
    ['POST', '/v2/models/spam/infer', 200, inferred, { body }],
    ['POST', '/v2/models/spam/versions/v1/infer', 200, inferred, { body }],
    ['POST', '/infer', 200, inferred, { body }],
    ['POST', '/v2/repository/index', 200, [{ name: 'spam', version: 'v1', state: 'READY', reason: '' }]],
    [
      'POST',
      '/v2/repository/index',
      200,
      [{ name: 'spam', version: 'v1', state: 'READY', reason: '' }],
      { body: '{"ready":true}' },
    ],
    ['POST', '/v2/repository/index', 400, { error: 'The body is not JSON.' }, { body: '{' }],
    ['GET', '/v2/models/ham', 404, { error: 'There is no model "ham" here.' }],
    ['POST', '/v2/models/ham/infer', 404, { error: 'There is no model "ham" here.' }, { body }],
    ['GET', '/v2/models/spam/versions/v2/ready', 404, { error: 'The model "spam" is here as version "v1", not "v2".' }],
    ['GET', '/v2/models', 404, { error: 'There is no model "" here.' }],
    ['GET', '/v2/models/spam/explain', 404, { error: 'The protocol has no path /v2/models/spam/explain.' }],
    ['GET', '/v2/models/spam/ready/now', 404, { error: 'The protocol has no path /v2/models/spam/ready/now.' }],
    ['GET', '/v2/health', 404, { error: 'The protocol has no path /v2/health.' }],
    ['GET', '/v1', 404, { error: 'The protocol has no path /v1.' }],
    ['GET', '/v2/models/%ff', 404, { error: 'The protocol has no path /v2/models/%ff.' }],
    ['GET', '/v2/models/spam/infer', 405, { error: '/v2/models/spam/infer is asked with POST, not GET.' }],
    ['DELETE', '/v2', 405, { error: '/v2 is asked with GET, not DELETE.' }],
    ['POST', '/infer', 400, { error: 'The body is not JSON: Unexpected end of JSON input.' }],
    [
      'POST',
      '/infer',
      415,
      { error: 'Bodies in the encoding "gzip" are not read here.' },
      { body, headers: { 'content-encoding': 'gzip' } },
    ],
    [
      'POST',
      '/infer',
      400,
      { error: 'The header Inference-Header-Content-Length is not a number of bytes.' },
      { body, headers: { 'inference-header-content-length': 'x' } },
    ],
    ['POST', '/infer', 400, { error: 'The input "x" is missing.' }, { body: '{"inputs":[]}' }],
    [
      'POST',
      '/infer',
      400,
      { error: 'The model has no output "z". Known: y.' },
      { body: body.replace('{', '{"outputs":[{"name":"z"}],') },
    ],
    [
      'POST',
      '/infer',
      400,
      { error: 'The input "x" has the shape [2, 1]; the model takes [-1, 2].' },
      { body: body.replace('[1,2]', '[2,1]') },
    ],
    [
      'POST',
      '/infer',
      400,
      { error: 'The input "x" is FP64; the model takes FP32.' },
      { body: body.replace('FP32', 'FP64') },
    ],
    ['POST', '/infer', 400, { error: 'The model has no input "q". Known: x.' }, { body: body.replace('"x"', '"q"') }],
    ['POST', '/v2/repository/models/ham/load', 404, { error: 'There is no model "ham" here.' }],
    ['POST', '/v2/repository/models/spam/load', 200, '', { body: '{}' }],
    [
      'GET',
      '/v2/repository/models/spam/load',
      405,
      { error: '/v2/repository/models/spam/load is asked with POST, not GET.' },
    ],
    [
      'POST',
      '/v2/repository/models/spam/unload',
      403,
      { error: 'Models are not loaded or unloaded through a proxy: ask the server itself.' },
      { headers: { 'x-forwarded-for': '10.0.0.1' } },
    ],
  ]
  for (const [method, path, status, answer, init] of cases)
    test(`${method} ${path} → ${status}${status < 300 ? '' : ` ${JSON.stringify(answer)}`}`, async () => {
      assert.deepEqual(await ask(served.base, method, path, init), [status, answer])
    })

  test('metadata names the tensors, the engine and the checksum of the file', async () => {
    for (const path of ['/v2/models/spam', '/v2/models/spam/versions/v1', '/']) {
      const [status, value] = await ask(served.base, 'GET', path)
      const { parameters, ...rest } = value as {
        readonly parameters: { readonly engine: string; readonly sha256: string }
      }
      assert.equal(status, 200)
      assert.deepEqual(rest, {
        name: 'spam',
        versions: ['v1'],
        platform: 'onnxruntime_onnx',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
      })
      assert.match(parameters.engine, /^onnxruntime-(node|web) \d+\.\d+\.\d+/)
      assert.match(parameters.sha256, /^[0-9a-f]{64}$/)
    }
  })

  test('a body that is too large is refused before it is read', async () => {
    const request = httpRequest(`${served.base}/infer`, {
      method: 'POST',
      headers: { 'content-length': 2 ** 30 },
      agent: false,
    })
    request.on('error', () => {})
    request.write('{')
    const [response] = await once(request, 'response')
    assert.equal(response.statusCode, 413)
    request.destroy()
  })

  test('a client that goes away in the middle of its body harms nobody', async () => {
    const request = httpRequest(`${served.base}/infer`, {
      method: 'POST',
      headers: { 'content-length': 1_000 },
      agent: false,
    })
    request.on('error', () => {})
    request.write('{')
    await sleep(50)
    request.destroy()
    assert.equal((await ask(served.base, 'POST', '/infer', { body }))[0], 200)
  })

  test('an unloaded model is not ready and does not answer, until it is loaded again', async () => {
    assert.deepEqual(await ask(served.base, 'POST', '/v2/repository/models/spam/unload'), [200, ''])
    assert.deepEqual(await ask(served.base, 'GET', '/v2/models/spam/ready'), [503, { name: 'spam', ready: false }])
    assert.deepEqual(await ask(served.base, 'GET', '/v2/health/ready'), [503, { ready: false }])
    assert.deepEqual(await ask(served.base, 'GET', '/v2/health/live'), [200, { live: true }])
    assert.deepEqual(await ask(served.base, 'POST', '/infer', { body }), [
      503,
      { error: 'The model "spam" is not ready: unloaded.' },
    ])
    assert.deepEqual(await ask(served.base, 'POST', '/v2/repository/index', { body: '{"ready":true}' }), [200, []])
    assert.deepEqual(await ask(served.base, 'POST', '/v2/repository/models/spam/load'), [200, ''])
    assert.deepEqual((await ask(served.base, 'POST', '/infer', { body }))[0], 200)
  })
})

test('both encodings give the same numbers, over one connection', async () => {
  await using served = await serve(linearModel([1, 2, 3, 4], [10, 20]))
  const client = new OpenInferenceClient(served.base)
  const json = await client.infer('spam', asking([rows]), never)
  const binary = await client.infer('spam', asking([rows], true), never)
  assert.deepEqual(json, binary)
  assert.deepEqual(json, {
    modelName: 'spam',
    modelVersion: 'v1',
    id: 'r1',
    outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], data: new Float32Array([14, 26, 16, 28]) }],
  })
})

test('texts go through both encodings; one with a NUL is refused instead of being cut', async () => {
  await using served = await serve(echoModel('BYTES'))
  const client = new OpenInferenceClient(served.base)
  const texts: Tensor = {
    name: 'x',
    datatype: 'BYTES',
    shape: [4],
    data: ['free £1000!!', '', '日本語 😀', 'a\nb"c\\'],
  }
  for (const binary of [false, true]) {
    const { outputs } = await client.infer('spam', asking([texts], binary), never)
    assert.deepEqual(outputs, [{ ...texts, name: 'y' }])
    const cut = client.infer('spam', asking([{ ...texts, shape: [1], data: ['a\0b'] }], binary), never)
    await assert.rejects(cut, { status: 400, message: /"x" contains a NUL character/ })
  }
})

describe('every datatype goes through a model in both encodings', () => {
  const extremes: readonly Tensor[] = (
    [
      ['BOOL', new Uint8Array([0, 1])],
      ['INT8', new Int8Array([-128, 127])],
      ['UINT8', new Uint8Array([0, 255])],
      ['INT16', new Int16Array([-32768, 32767])],
      ['UINT16', new Uint16Array([0, 65535])],
      ['INT32', new Int32Array([-(2 ** 31), 2 ** 31 - 1])],
      ['UINT32', new Uint32Array([0, 2 ** 32 - 1])],
      ['INT64', new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n])],
      ['UINT64', new BigUint64Array([0n, 2n ** 64n - 1n])],
      ['FP16', new Float16Array([0.5, -65504])],
      ['FP32', new Float32Array([1.5, -3.4028234663852886e38])],
      ['FP64', new Float64Array([0.1, -1.7976931348623157e308])],
    ] as const
  ).map(([datatype, data]) => ({ name: 'x', datatype, shape: [2], data }))

  const stack = new AsyncDisposableStack()
  let client: OpenInferenceClient
  before(async () => {
    const { path } = stack.use(await temporaryDirectory())
    for (const { datatype } of extremes) {
      await mkdir(join(path, datatype, '1'), { recursive: true })
      await writeFile(join(path, datatype, '1', 'model.onnx'), echoModel(datatype))
    }
    client = new OpenInferenceClient(stack.use(await startModelProcess('--repository', path)).base)
  })
  after(async () => await stack.disposeAsync())

  for (const tensor of extremes)
    test(tensor.datatype, async () => {
      if (tensor.datatype === 'FP16' && (await openEngine()).name.startsWith('onnxruntime-node')) {
        await assert.rejects(client.load('FP16', never), {
          status: 400,
          message: /FP16, which onnxruntime-node cannot/,
        })
        return
      }
      await client.load(tensor.datatype, never)
      for (const binary of [false, true]) {
        const { outputs } = await client.infer(tensor.datatype, asking([tensor], binary), never)
        assert.deepEqual(outputs, [{ ...tensor, name: 'y' }])
      }
    })
})

test('two versions run side by side, each in a process of its own', async () => {
  await using v1 = await serve(linearModel([1, 0, 0, 1], [0, 0]))
  await using v2 = await serve(linearModel([1, 0, 0, 1], [5, 5]), 'v2')
  const answers = await Promise.all(
    [v1, v2].map(async ({ base }) => await new OpenInferenceClient(base).infer('spam', asking([rows]), never)),
  )
  assert.deepEqual(
    answers.map(({ modelVersion, outputs }) => [modelVersion, ...(outputs[0]?.data ?? [])]),
    [
      ['v1', 1, 1, 0, 2],
      ['v2', 6, 6, 5, 7],
    ],
  )
})

test('a server that is told to go finishes the request in flight, then ends with 0', async () => {
  await using served = await serve(linearModel([1, 2, 3, 4], [10, 20]))
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 1] }] })
  const request = httpRequest(`${served.base}/infer`, {
    method: 'POST',
    headers: { 'content-length': body.length, expect: '100-continue' },
  })
  request.flushHeaders()
  await once(request, 'continue') // The server has the request, but not yet its body.
  served.process.child.kill('SIGTERM')
  await until(
    async () =>
      await fetch(`${served.base}/v2/health/live`).then(
        () => false,
        () => true,
      ),
  )
  request.end(body)
  const [response] = await once(request, 'response')
  assert.deepEqual([response.statusCode, response.headers.connection], [200, 'close'])
  response.resume()
  const { code, stderr } = await served.process.ended
  assert.deepEqual([code, stderr], [exitCodes.done, ''])
})

describe('a process that cannot serve ends with a code and one sentence', () => {
  const model = linearModel([1, 2, 3, 4], [10, 20])
  const golden = (data: readonly number[]) =>
    JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 1] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data }],
    })
  const cases: readonly (readonly [string, Uint8Array | null, string | null, RegExp])[] = [
    ['a file torn in the middle', model.subarray(0, model.length / 2), null, /are torn/],
    ['no file', null, null, /model\.onnx does not exist\.\n$/],
    ['another answer than the golden one', model, golden([1, 2]), /value 0 of "y" is 14, expected 1\.\n$/],
  ]
  for (const [name, bytes, warmUp, sentence] of cases)
    test(name, async () => {
      await using directory = await temporaryDirectory()
      const uri = join(directory.path, 'model.onnx')
      if (bytes !== null) await writeFile(uri, bytes)
      if (warmUp !== null) await writeFile(join(directory.path, 'warmup.json'), warmUp)
      const { code, stderr } = await runModelProcess('--model', 'spam', '--version', 'v1', '--uri', uri)
      assert.equal(code, exitCodes.unloadable)
      assert.match(stderr, sentence)
      assert.match(stderr, /^[^\n]+\.\n$/, 'one line')
    })

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, stderr } = await runModelProcess(
      '--port',
      String(port),
      '--model',
      'm',
      '--version',
      'v1',
      '--uri',
      '/nowhere',
    )
    other.close()
    assert.deepEqual([code, stderr], [exitCodes.portInUse, `Something else listens on 127.0.0.1:${port}.\n`])
  })

  for (const args of [[], ['--model', 'm'], ['--prot', '1'], ['--port', 'http', '--repository', '/tmp']])
    test(`wrong arguments: ${args.join(' ') || '(none)'}`, async () => {
      const { code, stderr } = await runModelProcess(...args)
      assert.equal(code, exitCodes.usage)
      assert.match(stderr, /^usage: /)
    })
})

describe('a server of a repository', () => {
  let process: ModelProcess
  let client: OpenInferenceClient
  const stack = new AsyncDisposableStack()
  before(async () => {
    const { path } = stack.use(await temporaryDirectory())
    const files = {
      'spam-v1/1': linearModel([1, 0, 0, 1], [0, 0]),
      'spam-v1/12': linearModel([1, 0, 0, 1], [1, 1]),
      'spam-v2/2': linearModel([1, 0, 0, 1], [2, 2]),
      'torn/1': Buffer.from('torn'),
    }
    for (const [folder, bytes] of Object.entries(files)) {
      await mkdir(join(path, folder), { recursive: true })
      await writeFile(join(path, folder, 'model.onnx'), bytes)
    }
    await mkdir(join(path, 'empty'))
    process = stack.use(await startModelProcess('--repository', path))
    client = new OpenInferenceClient(process.base)
  })
  after(async () => await stack.disposeAsync())

  test('nothing is loaded before it is asked for', async () => {
    assert.deepEqual(
      await client.index(never),
      ['empty', 'spam-v1', 'spam-v2', 'torn'].map((name) => ({ name, state: 'UNAVAILABLE', reason: 'not loaded' })),
    )
    assert.equal(await client.isReady('spam-v1', never), false)
    assert.equal((await ask(process.base, 'GET', '/v2/health/ready'))[0], 200)
    assert.equal((await ask(process.base, 'GET', '/ready'))[0], 404)
  })

  test('models are loaded, asked and unloaded by name; the highest version wins', async () => {
    await client.load('spam-v1', never)
    await client.load('spam-v2', never)
    const answer = await client.infer('spam-v1', asking([rows]), never)
    assert.deepEqual([answer.modelVersion, ...(answer.outputs[0]?.data ?? [])], ['12', 2, 2, 1, 3])
    await client.unload('spam-v1', never)
    assert.deepEqual([await client.isReady('spam-v1', never), await client.isReady('spam-v2', never)], [false, true])
  })

  test('a model that cannot be loaded is a refusal with the reason, which the index keeps', async () => {
    await assert.rejects(client.load('torn', never), { status: 400, message: /is not a whole ONNX model/ })
    const line = (await client.index(never)).find(({ name }) => name === 'torn')
    assert.equal(line?.state, 'UNAVAILABLE')
    assert.match(line?.reason ?? '', /is not a whole ONNX model/)
    await assert.rejects(client.load('empty', never), { status: 400, message: /has no version/ })
  })

  test('a name cannot lead out of the repository', async () => {
    for (const name of ['none', '..', '../..', 'spam-v1/1'])
      await assert.rejects(client.load(name, never), { status: 404 })
  })
})
