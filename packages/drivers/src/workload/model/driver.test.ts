import type { DriverContext, ReplicaObservation, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import { workloadContract } from '@serin/kit/contract'
import type { WorkloadTest, WorkloadUnderTest } from '@serin/kit/contract'
import { Service } from '@serin/spec'
import type { VersionSpec } from '@serin/spec'
import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openModels } from './driver.ts'
import { OpenInferenceClient } from './protocol/client.ts'
import { temporaryDirectory, until } from './testing/model-process.ts'
import { linearModel, tinyOnnx } from './testing/tiny-onnx.ts'

const clock = {
  now: () => Date.now(),
  sleep: async (ms: number, signal?: AbortSignal) => await sleep(ms, undefined, signal === undefined ? {} : { signal }),
}
const never = () => new AbortController().signal
/** What the supervisor does for processes of any kind is proved with plain ones, and some of it for models below; here each start reads a model. */
const inLongForm: readonly WorkloadTest[] = [
  'two versions run side by side',
  'a replica that crashes is seen, started again and counted',
  'a failed version is tried again after a stop',
  'ensure again changes nothing',
  'stopping one version leaves the other alone',
  'a version that is wanted while it stops comes again',
  'patience that has ended stops at once',
  'the next runner stops what it adopted',
  'more replicas start beside those that run',
  'the surplus leaves, and answers until it is dismissed',
  'who was dismissed does not answer any more',
  'who leaves is wanted again when the number grows',
  'the next runner goes on with who leaves',
  'a version of which none are wanted is ready',
]
const skips =
  process.env['SERIN_LONG'] === '1' ? [] : [{ reason: 'The long form (SERIN_LONG=1) runs this.', tests: inLongForm }]

/** A process that does nothing before it would begin: it runs, and does not get ready. */
const stuck = { NODE_OPTIONS: '--import=data:text/javascript,setInterval(Boolean,1e6);await(new/**/Promise(Boolean))' }

interface World extends AsyncDisposable {
  readonly directory: string
  open(): WorkloadRunner
}

/** Models in a directory, and runners that are all stopped in the end. */
async function openWorld(workload: object = {}): Promise<World> {
  const stack = new AsyncDisposableStack()
  const { path: directory } = stack.use(await temporaryDirectory())
  await writeFile(join(directory, 'good.onnx'), linearModel([1, 0, 0, 1], [1, 1]))
  await writeFile(join(directory, 'torn.onnx'), linearModel([1, 0, 0, 1], [1, 1]).subarray(0, 100))
  const spec = Service.decode({
    listen: 0,
    workload: {
      kind: 'model',
      model: 'spam',
      stopWithin: '3s',
      ready: { every: '50ms' },
      live: { every: '100ms' },
      ...workload,
    },
    versions: { v1: { uri: 'good.onnx' } },
    stable: 'v1',
  })
  const context: DriverContext = {
    service: 's',
    spec,
    baseDirectory: directory,
    stateDirectory: join(directory, 'state'),
    clock,
  }
  return {
    directory,
    open() {
      const runner = openModels(context)
      stack.defer(async () => {
        for (const version of runner.versions()) await runner.stop(version, never())
      })
      return runner
    },
    [Symbol.asyncDispose]: async () => await stack.disposeAsync(),
  }
}

async function ready(runner: WorkloadRunner, version: string): Promise<readonly ReplicaObservation[]> {
  await until(() => runner.observe(version).state === 'ready')
  return runner.observe(version).replicas
}

async function failed(runner: WorkloadRunner, version: string): Promise<WorkloadObservation> {
  await until(() => runner.observe(version).state === 'failed')
  return runner.observe(version)
}

async function pidOf(directory: string, { id }: ReplicaObservation): Promise<number> {
  const value: unknown = JSON.parse(await readFile(join(directory, 'state', `${id.replace('/', '.')}.json`), 'utf8'))
  if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
    return assert.fail('no pid')
  return value.pid
}

workloadContract(
  'model',
  async (): Promise<WorkloadUnderTest> => {
    const world = await openWorld({ ready: { every: '50ms', within: '20s' } })
    const late: VersionSpec = { uri: 'good.onnx', env: stuck }
    return {
      runner: world.open(),
      good: () => ({ uri: 'good.onnx', replicas: 2 }),
      broken: { uri: 'torn.onnx' },
      late,
      pass: async () => await sleep(20),
      crash: async (replica) => void process.kill(await pidOf(world.directory, replica), 'SIGKILL'),
      async versionAt(endpoint) {
        try {
          const value = await new OpenInferenceClient(endpoint).metadata('spam', never())
          return (value as { readonly versions: readonly string[] }).versions[0] ?? null
        } catch {
          return null
        }
      },
      reopen: () => world.open(),
      leftovers: async () => (await readdir(join(world.directory, 'state'))).filter((name) => name.endsWith('.json')),
      close: async () => await world[Symbol.asyncDispose](),
    }
  },
  skips,
)

test('a model that cannot be loaded fails its version at once, and another try is not made', async () => {
  await using world = await openWorld()
  const row = { datatype: 'FP32', shape: [1, 2] }
  const golden = { inputs: [{ name: 'x', ...row, data: [1, 1] }], outputs: [{ name: 'y', ...row, data: [2, 3] }] }
  await copyFile(join(world.directory, 'good.onnx'), join(world.directory, 'other.onnx'))
  await writeFile(join(world.directory, 'other.warmup.json'), JSON.stringify(golden))
  const runner = world.open()
  const sentences = {
    torn: /^\S+torn\.onnx is not a whole ONNX model: its 100 bytes are torn, or of another format\.$/,
    none: /^\S+none\.onnx does not exist\.$/,
    other: /^Request 0 of \S+other\.warmup\.json gave another answer: value 1 of "y" is 2, expected 3\.$/,
  }
  for (const [name, sentence] of Object.entries(sentences)) {
    runner.ensure(name, { uri: `${name}.onnx` })
    const seen = await failed(runner, name)
    assert.equal(seen.failure?.code, 'model.unloadable')
    assert.match(seen.failure?.message ?? '', sentence)
    assert.deepEqual(
      seen.replicas.map(({ restarts }) => restarts),
      [0],
    )
  }
})

test('a replica that is killed under load is started again; the others answer everything meanwhile', async () => {
  await using world = await openWorld()
  const runner = world.open()
  runner.ensure('v1', { uri: 'good.onnx', replicas: 2 })
  const [victim, other] = await ready(runner, 'v1')
  assert.ok(victim?.endpoint != null && other?.endpoint != null)
  await using load = startLoad([victim.endpoint, other.endpoint])
  await until(() => load.answers > 200)
  process.kill(await pidOf(world.directory, victim), 'SIGKILL')
  await until(() => runner.observe('v1').state === 'degraded')
  const before = load.answers
  await until(() => load.answers > before + 200)
  const back = await ready(runner, 'v1')
  assert.deepEqual(
    back.map(({ id, restarts }) => [id, restarts]),
    [
      [victim.id, 1],
      [other.id, 0],
    ],
  )
  assert.equal(load.failures, 0)
})

test('two versions run side by side in different processes, and one can be killed without the other noticing', async () => {
  await using world = await openWorld()
  await writeFile(join(world.directory, 'second.onnx'), linearModel([3, 0, 0, 3], [0, 0]))
  const runner = world.open()
  runner.ensure('v1', { uri: 'good.onnx' })
  runner.ensure('v2', { uri: 'second.onnx' })
  const [first] = await ready(runner, 'v1')
  const [second] = await ready(runner, 'v2')
  assert.ok(first?.endpoint != null && second?.endpoint != null)
  assert.deepEqual(
    [await inferAt(first.endpoint), await inferAt(second.endpoint)],
    [
      [2, 2],
      [3, 3],
    ],
  )
  const pids = [await pidOf(world.directory, first), await pidOf(world.directory, second)]
  assert.notEqual(pids[0], pids[1])
  await using load = startLoad([first.endpoint])
  process.kill(pids[1] ?? 0, 'SIGKILL')
  await until(() => runner.observe('v2').state === 'degraded')
  await ready(runner, 'v2')
  const { answers } = load
  await until(() => load.answers > answers)
  assert.deepEqual([load.failures, runner.observe('v1').replicas[0]?.restarts], [0, 0])
})

test('a replica that takes more memory than it may is started again', async () => {
  await using world = await openWorld({ memoryMax: 500 })
  // The product of a column and a row is a square: two short requests can ask for any amount of memory.
  const greedy = tinyOnnx({
    nodes: [
      { op: 'MatMul', inputs: ['column', 'row'], outputs: ['square'] },
      { op: 'ReduceSum', inputs: ['square'], outputs: ['sum'] },
    ],
    inputs: [
      { name: 'column', datatype: 'FP32', shape: ['height', 1] },
      { name: 'row', datatype: 'FP32', shape: [1, 'width'] },
    ],
    outputs: [{ name: 'sum', datatype: 'FP32', shape: [1, 1] }],
  })
  await writeFile(join(world.directory, 'greedy.onnx'), greedy)
  const runner = world.open()
  runner.ensure('v1', { uri: 'greedy.onnx' })
  const [replica] = await ready(runner, 'v1')
  assert.ok(replica?.endpoint != null)
  const ones = new Float32Array(12_000).fill(1)
  const inputs = [
    { name: 'column', datatype: 'FP32', shape: [ones.length, 1], data: ones },
    { name: 'row', datatype: 'FP32', shape: [1, ones.length], data: ones },
  ] as const
  await new OpenInferenceClient(replica.endpoint).infer(
    'spam',
    { id: null, inputs, outputs: null, binary: true },
    never(),
  )
  await until(() => runner.observe('v1').replicas[0]?.restarts === 1)
  const [again] = await ready(runner, 'v1')
  assert.ok((again?.memoryBytes ?? 0) < 500 * 1_048_576)
})

test('a version without a file fails with a sentence', async () => {
  await using world = await openWorld()
  const runner = world.open()
  runner.ensure('v1', {})
  assert.deepEqual((await failed(runner, 'v1')).failure, {
    code: 'config.invalid',
    message: 'v1 has no "uri", the path of its ONNX file.',
  })
})

async function inferAt(endpoint: string): Promise<readonly unknown[]> {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: new Float32Array([1, 1]) }] as const
  const request = { id: null, inputs, outputs: null, binary: false }
  const { outputs } = await new OpenInferenceClient(endpoint).infer('spam', request, never())
  return [...(outputs[0]?.data ?? [])]
}

interface Load extends AsyncDisposable {
  readonly answers: number
  readonly failures: number
}

/** Four clients that ask one server after the other, and the next one when a server does not answer, as a gateway does. */
function startLoad(endpoints: readonly string[]): Load {
  const agent = new Agent({ keepAlive: true })
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 1] }] })
  const load = { answers: 0, failures: 0, over: false }
  const ask = async (endpoint: string): Promise<boolean> =>
    await new Promise((resolve) => {
      const request = httpRequest(`${endpoint}/v2/models/spam/infer`, { method: 'POST', agent }, (response) => {
        response.resume()
        response.on('close', () => resolve(response.statusCode === 200 && response.complete))
      })
      request.on('error', () => resolve(false)).end(body)
    })
  const client = async (): Promise<void> => {
    for (let turn = 0; !load.over; turn += 1) {
      let answered = false
      for (let attempt = 0; attempt < endpoints.length && !answered; attempt += 1)
        answered = await ask(endpoints[(turn + attempt) % endpoints.length] ?? '')
      if (answered) load.answers += 1
      else load.failures += 1
    }
  }
  const clients = Promise.all([client(), client(), client(), client()])
  return {
    get answers() {
      return load.answers
    },
    get failures() {
      return load.failures
    },
    async [Symbol.asyncDispose]() {
      load.over = true
      await clients
      agent.destroy()
    },
  }
}
