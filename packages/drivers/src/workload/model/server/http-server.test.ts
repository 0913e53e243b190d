import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunFailure } from './engine.ts'
import type { Engine } from './engine.ts'
import { startInferenceServer } from './http-server.ts'
import { singleModel } from './repository.ts'
import { echoModel } from '../testing/tiny-onnx.ts'
import { temporaryDirectory } from '../testing/model-process.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

// No model is known that brings a real engine down, so this one plays it: it runs well until it is told to fail.
test('the fault of a run decides the status, and a broken engine is reported after its answer', async () => {
  let failure: unknown = null
  const engine: Engine = {
    name: 'scripted 1',
    open: async () =>
      await Promise.resolve({
        inputs: [],
        outputs: [],
        run: async () => (failure === null ? await Promise.resolve([]) : await Promise.reject(failure)),
        release: async () => {},
      }),
  }
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'model.onnx')
  await writeFile(path, echoModel('FP32'))
  const repository = singleModel(engine, 'm', { version: 'v1', path })
  await repository.load('m')
  const broken: string[] = []
  const server = await startInferenceServer({
    repository,
    host: '127.0.0.1',
    port: 0,
    onBroken: (reason) => broken.push(reason),
  })
  const ask = async (): Promise<readonly [number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/infer`, { method: 'POST', body: '{"inputs":[]}' })
    return [response.status, await response.json()]
  }
  assert.equal((await ask())[0], 200)
  failure = new RunFailure('request', 'The shapes do not fit.')
  assert.deepEqual(await ask(), [400, { error: 'The shapes do not fit.' }])
  failure = new RunFailure('model', 'It divides by zero.')
  assert.deepEqual(await ask(), [500, { error: 'It divides by zero.' }])
  assert.deepEqual(broken, [])
  failure = new RunFailure('engine', 'It broke down.')
  assert.deepEqual(await ask(), [500, { error: 'It broke down.' }])
  assert.deepEqual(broken, ['It broke down.'])
  failure = new Error('a secret')
  assert.deepEqual(await ask(), [500, { error: 'Something unexpected happened in the model server.' }])
  await server.leave()
})
