import type { RoutingTable } from '@serin/core'
import { startGateway } from '@serin/gateway'
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { OpenInferenceClient } from './protocol/client.ts'
import { parseInferResponse, renderInferRequest } from './protocol/message.ts'
import { startModelProcess, temporaryDirectory } from './testing/model-process.ts'
import { linearModel } from './testing/tiny-onnx.ts'

const never = new AbortController().signal
const row = { name: 'x', datatype: 'FP32', shape: [1, 2], data: new Float32Array([1, 1]) } as const
const asking = { id: 'r1', inputs: [row], outputs: null, binary: true } as const

function allTo(service: string, version: string, endpoint: string): RoutingTable {
  return {
    service,
    revision: 1,
    salt: 's',
    unit: [],
    arms: [{ version, endpoints: [endpoint], weightBp: 10_000 }],
    stable: version,
    canary: null,
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'r', latencyCutsMs: [], latencyFrom: 0 },
  }
}

/** A gateway that sends everything to one address. */
async function gatewayTo(stack: AsyncDisposableStack, endpoint: string): Promise<string> {
  const { path } = stack.use(await temporaryDirectory())
  const gateway = await startGateway({
    service: 's',
    host: '127.0.0.1',
    port: 0,
    stateDirectory: path,
    limits: { lingerMs: 0 },
  })
  stack.defer(async () => await gateway.drain(0))
  assert.notEqual(typeof (await gateway.apply(allTo('s', 'v1', endpoint))), 'string')
  return gateway.identity.address
}

test('the same path relative to the model reaches a process of Serin’s own and a model on an external server', async () => {
  await using stack = new AsyncDisposableStack()
  const { path } = stack.use(await temporaryDirectory())
  const uri = join(path, 'spam-v1', '1', 'model.onnx')
  await mkdir(join(uri, '..'), { recursive: true })
  await writeFile(uri, linearModel([1, 0, 0, 1], [1, 2]))
  const own = stack.use(await startModelProcess('--model', 'spam', '--version', 'v1', '--uri', uri))
  await own.ready('/v2/models/spam/ready')
  const external = stack.use(await startModelProcess('--repository', path))
  await new OpenInferenceClient(external.base).load('spam-v1', never)

  const { json, binary } = renderInferRequest(asking)
  const body = Buffer.concat([Buffer.from(json), ...binary])
  const headers = { 'inference-header-content-length': String(Buffer.byteLength(json)) }
  for (const [endpoint, name] of [
    [own.base, 'spam'],
    [`${external.base}/v2/models/spam-v1`, 'spam-v1'],
  ] as const) {
    const gateway = await gatewayTo(stack, endpoint)
    const response = await fetch(`${gateway}/infer`, { method: 'POST', body, headers })
    assert.equal(response.status, 200)
    const answer = parseInferResponse({
      bytes: Buffer.from(await response.arrayBuffer()),
      jsonLength: Number(response.headers.get('inference-header-content-length')),
    })
    assert.deepEqual([answer.modelName, answer.id, ...(answer.outputs[0]?.data ?? [])], [name, 'r1', 2, 3])
    assert.equal((await fetch(`${gateway}/ready`)).status, 200)
  }
})

test('clients of the gateway use the protocol’s own paths, but cannot take the model away', async () => {
  await using stack = new AsyncDisposableStack()
  const { path } = stack.use(await temporaryDirectory())
  const uri = join(path, 'model.onnx')
  await writeFile(uri, linearModel([1, 0, 0, 1], [1, 2]))
  const own = stack.use(await startModelProcess('--model', 'spam', '--version', 'v1', '--uri', uri))
  await own.ready('/v2/models/spam/ready')
  const client = new OpenInferenceClient(await gatewayTo(stack, own.base))
  const { outputs } = await client.infer('spam', asking, never)
  assert.deepEqual([...(outputs[0]?.data ?? [])], [2, 3])
  await assert.rejects(client.unload('spam', never), { status: 403 })
  await assert.rejects(client.load('spam', never), { status: 403 })
  assert.equal(await client.isReady('spam', never), true)
})
