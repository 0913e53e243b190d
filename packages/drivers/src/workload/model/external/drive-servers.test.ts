import type { ReplicaObservation, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import { workloadContract } from '@serin/kit/contract'
import type { WorkloadUnderTest } from '@serin/kit/contract'
import { Service } from '@serin/spec'
import assert from 'node:assert/strict'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openModels } from '../driver.ts'
import { OpenInferenceClient } from '../protocol/client.ts'
import { openEngine } from '../server/engine.ts'
import { startInferenceServer } from '../server/http-server.ts'
import { directoryRepository } from '../server/repository.ts'
import { startModelProcess, temporaryDirectory, until } from '../testing/model-process.ts'
import { linearModel } from '../testing/tiny-onnx.ts'

const clock = {
  now: () => Date.now(),
  sleep: async (ms: number, signal?: AbortSignal) => await sleep(ms, undefined, signal === undefined ? {} : { signal }),
}
const never = (): AbortSignal => new AbortController().signal
const engine = await openEngine()

interface World extends AsyncDisposable {
  readonly directory: string
  /** Base addresses of two servers that have everything, and of one whose models are all torn. */
  readonly servers: readonly [string, string]
  readonly tornServer: string
  open(workload?: object): WorkloadRunner
}

/** Real servers of real repositories, with models called by version (`spam-v1`) and one under a shared name (`spam`). */
async function openWorld(): Promise<World> {
  const stack = new AsyncDisposableStack()
  const { path: directory } = stack.use(await temporaryDirectory())
  for (const name of ['spam-v1', 'spam-v2', 'spam'])
    for (const repository of ['whole', 'torn']) {
      const folder = join(directory, repository, name, '1')
      await mkdir(folder, { recursive: true })
      const model = linearModel([1, 0, 0, 1], [name === 'spam-v2' ? 2 : 1, 0])
      await writeFile(join(folder, 'model.onnx'), repository === 'torn' ? model.subarray(0, 99) : model)
    }
  const serve = async (repository: string): Promise<string> => {
    const models = directoryRepository(engine, join(directory, repository))
    const onBroken = (reason: string) => assert.fail(reason)
    const server = await startInferenceServer({ repository: models, host: '127.0.0.1', port: 0, onBroken })
    stack.defer(async () => await server.leave())
    return `http://127.0.0.1:${server.port}`
  }
  const servers = [await serve('whole'), await serve('whole')] as const
  const tornServer = await serve('torn')
  return {
    directory,
    servers,
    tornServer,
    open(workload = {}) {
      const spec = Service.decode({
        listen: 0,
        workload: {
          kind: 'model',
          model: 'spam',
          server: servers[0],
          ready: { every: '30ms', within: '3s' },
          live: { every: '30ms' },
          ...workload,
        },
        versions: { v1: {} },
        stable: 'v1',
      })
      const stateDirectory = join(directory, 'state')
      const runner = openModels({ service: 's', spec, baseDirectory: directory, stateDirectory, clock })
      stack.defer(() => runner.detach())
      return runner
    },
    [Symbol.asyncDispose]: async () => await stack.disposeAsync(),
  }
}

async function reaches(
  runner: WorkloadRunner,
  version: string,
  state: WorkloadObservation['state'],
): Promise<WorkloadObservation> {
  await until(() => runner.observe(version).state === state)
  return runner.observe(version)
}

async function loadedOn(server: string): Promise<readonly string[]> {
  const lines = await new OpenInferenceClient(server).index(never())
  return lines.filter(({ state }) => state === 'READY').map(({ name }) => name)
}

/** An address where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

workloadContract('model on external servers', async (): Promise<WorkloadUnderTest> => {
  const world = await openWorld()
  const away = await nobody()
  return {
    runner: world.open(),
    good: () => ({ endpoints: [...world.servers] }),
    broken: { endpoints: [world.tornServer] },
    late: { endpoints: [away] },
    pass: async () => await sleep(10),
    async crash({ endpoint }: ReplicaObservation) {
      const { origin, pathname } = new URL(endpoint ?? '')
      await new OpenInferenceClient(origin).unload(pathname.split('/').at(-1) ?? '', never())
    },
    async versionAt(endpoint) {
      const response = await fetch(endpoint)
      const { name } = (await response.json()) as { readonly name?: string }
      return response.ok ? (name?.replace('spam-', '') ?? null) : null
    },
    reopen: () => world.open(),
    async leftovers() {
      const files = await readdir(join(world.directory, 'state')).catch(() => [])
      return [...files, ...(await Promise.all(world.servers.map(loadedOn))).flat()]
    },
    close: async () => await world[Symbol.asyncDispose](),
  }
})

test('a client reaches the version by the path that is relative to its model', async () => {
  await using world = await openWorld()
  const runner = world.open()
  runner.ensure('v1', {})
  runner.ensure('v2', {})
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 1] }] })
  const answers = ['v1', 'v2'].map(async (version) => {
    const [replica] = (await reaches(runner, version, 'ready')).replicas
    assert.equal(replica?.endpoint, `${world.servers[0]}/v2/models/spam-${version}`)
    const response = await fetch(`${replica.endpoint}/infer`, { method: 'POST', body })
    return ((await response.json()) as { readonly outputs: readonly { readonly data: unknown }[] }).outputs[0]?.data
  })
  assert.deepEqual(await Promise.all(answers), [
    [2, 1],
    [3, 1],
  ])
})

test('a model that was there before is used, and still there afterwards', async () => {
  await using world = await openWorld()
  const [server] = world.servers
  await new OpenInferenceClient(server).load('spam-v1', never())
  const runner = world.open()
  runner.ensure('v1', {})
  runner.ensure('v2', {})
  await reaches(runner, 'v1', 'ready')
  await reaches(runner, 'v2', 'ready')
  await runner.stop('v1', never())
  await runner.stop('v2', never())
  assert.deepEqual(await loadedOn(server), ['spam-v1'])
})

test('a model that the server cannot load fails its version with the server’s own words', async () => {
  await using world = await openWorld()
  const runner = world.open()
  for (const [version, said] of [
    ['v1', /cannot load "spam-v1": \S+model\.onnx is not a whole ONNX model: its 99 bytes are torn/],
    ['v9', /cannot load "spam-v9": There is no model "spam-v9" here\.$/],
  ] as const) {
    runner.ensure(version, { endpoints: [world.tornServer] })
    const { failure, replicas } = await reaches(runner, version, 'failed')
    assert.equal(failure?.code, 'model.unloadable')
    assert.match(failure.message, said)
    assert.equal(replicas[0]?.message, failure.message)
  }
})

test('a server that breaks over a model is given three tries; one that is busy is waited for', async () => {
  await using world = await openWorld()
  const asked: string[] = []
  const status = { load: 500 }
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/load') === true) {
      asked.push(request.url)
      response.statusCode = status.load
      response.end('{"error":"CUDA out of memory"}')
    } else response.writeHead(request.url?.endsWith('/live') === true ? 200 : 400).end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const runner = world.open({ ready: { every: '20ms', within: '60s' } })
  runner.ensure('v1', { endpoints: [endpoint] })
  const { failure } = await reaches(runner, 'v1', 'failed')
  assert.deepEqual(failure, {
    code: 'model.unloadable',
    message: `${endpoint} cannot load "spam-v1": CUDA out of memory.`,
  })
  assert.equal(asked.length, 3)
  await runner.stop('v1', never())
  status.load = 429
  asked.length = 0
  runner.ensure('v1', { endpoints: [endpoint] })
  await until(() => asked.length >= 4)
  assert.equal(runner.observe('v1').state, 'starting')
  await runner.stop('v1', never())
  server.close()
  server.closeAllConnections()
})

test('a server that is killed and comes back empty is given its models again', async () => {
  await using world = await openWorld()
  const repository = join(world.directory, 'whole')
  await using first = await startModelProcess('--repository', repository)
  const { port } = new URL(first.base)
  const runner = world.open()
  runner.ensure('v1', { endpoints: [first.base] })
  await reaches(runner, 'v1', 'ready')
  process.kill(first.child.pid ?? 0, 'SIGKILL')
  const { replicas } = await reaches(runner, 'v1', 'degraded')
  assert.match(replicas[0]?.message ?? '', /refused the connection\.$|cut the connection\.$/)
  await first.ended
  await using second = await startModelProcess('--repository', repository, '--port', port)
  assert.equal(second.base, first.base)
  const back = await reaches(runner, 'v1', 'ready')
  assert.equal(back.replicas[0]?.restarts, 1)
  await runner.stop('v1', never())
  assert.deepEqual(await loadedOn(second.base), [])
})

test('a server that is gone has nothing to unload', async () => {
  await using world = await openWorld()
  const runner = world.open()
  {
    await using server = await startModelProcess('--repository', join(world.directory, 'whole'))
    runner.ensure('v1', { endpoints: [server.base] })
    await reaches(runner, 'v1', 'ready')
  }
  await runner.stop('v1', never())
  assert.deepEqual(runner.versions(), [])
})

test('a server that does not obey is told again by the next stop', async () => {
  await using world = await openWorld()
  let obeys = false
  let loaded = false
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/load') === true) loaded = true
    if (request.url?.endsWith('/unload') === true) loaded = !obeys
    response.writeHead(loaded || request.method === 'POST' ? 200 : 400).end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const runner = world.open()
  runner.ensure('v1', { endpoints: [endpoint] })
  await reaches(runner, 'v1', 'ready')
  await assert.rejects(runner.stop('v1', AbortSignal.timeout(50)), {
    code: 'workload.not-ready',
    message: `v1 still runs: ${endpoint} does not unload "spam-v1".`,
  })
  assert.deepEqual(runner.versions(), ['v1'])
  obeys = true
  await runner.stop('v1', never())
  assert.deepEqual([runner.versions(), loaded], [[], false])
  server.close()
  server.closeAllConnections()
})

test('under a shared name each version is loaded anew on servers of its own, at the protocol’s own paths', async () => {
  await using world = await openWorld()
  const [one, two] = world.servers
  // Something is there under the name, and nobody knows what: it has to be loaded anew before it counts.
  await new OpenInferenceClient(one).load('spam', never())
  const runner = world.open({ naming: 'reload' })
  runner.ensure('v1', {})
  runner.ensure('v2', { endpoints: [two] })
  const seen = [await reaches(runner, 'v1', 'ready'), await reaches(runner, 'v2', 'ready')]
  assert.deepEqual(
    seen.map(({ replicas }) => replicas[0]?.endpoint),
    [one, two],
  )
  assert.equal((await fetch(`${two}/v2/models/spam/ready`)).status, 200)
  await runner.stop('v2', never())
  assert.deepEqual([await loadedOn(one), await loadedOn(two)], [['spam'], []])
})

test('under a shared name a later version takes the place of the former one, whose end leaves it alone', async () => {
  await using world = await openWorld()
  const [one] = world.servers
  const runner = world.open({ naming: 'reload' })
  runner.ensure('v1', {})
  await reaches(runner, 'v1', 'ready')
  runner.ensure('v2', {})
  await reaches(runner, 'v2', 'ready')
  assert.equal(runner.observe('v1').replicas[0]?.state, 'unready')
  await runner.stop('v1', never())
  assert.deepEqual([await loadedOn(one), runner.observe('v2').state], [['spam'], 'ready'])
  await runner.stop('v2', never())
  assert.deepEqual(await loadedOn(one), [])
})

test('under a shared name a model that cannot be loaded anew does not count, though the former one answers', async () => {
  await using world = await openWorld()
  const [one] = world.servers
  await new OpenInferenceClient(one).load('spam', never())
  await writeFile(join(world.directory, 'whole', 'spam', '1', 'warmup.json'), '{')
  const runner = world.open({ naming: 'reload' })
  runner.ensure('v2', {})
  const { failure } = await reaches(runner, 'v2', 'failed')
  assert.match(failure?.message ?? '', /cannot load "spam": \S+warmup\.json is no warm-up/)
})

test('nothing is loaded that could not be written down', async () => {
  await using world = await openWorld()
  // A file where the directory should be: that stops even the administrator.
  await writeFile(join(world.directory, 'state'), '')
  const runner = world.open()
  runner.ensure('v1', {})
  const { failure } = await reaches(runner, 'v1', 'failed')
  assert.equal(failure?.code, 'store.unwritable')
  assert.deepEqual(await loadedOn(world.servers[0]), [])
  await rm(join(world.directory, 'state'))
  await reaches(runner, 'v1', 'ready')
  await runner.stop('v1', never())
})
