import type { DriverContext, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import { workloadContract } from '@serin/kit/contract'
import { Service } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { test } from 'node:test'
import { ask, is, until, wallClock } from '../supervisor/testing/world.ts'
import { openEndpoints } from './driver.ts'

interface Upstream {
  readonly address: string
  readonly port: number
  readonly asked: string[]
  status: number
  close(): Promise<void>
}

async function serve(version: string, status = 200, port = 0): Promise<Upstream> {
  const asked: string[] = []
  const upstream = { status }
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.statusCode = request.url === '/version' ? 200 : upstream.status
    response.end(version)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : 0
  return Object.assign(upstream, {
    asked,
    port: bound,
    address: `http://127.0.0.1:${bound}`,
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
}

function context(workload: Readonly<Record<string, unknown>> = {}): DriverContext {
  return {
    service: 'shop',
    spec: Service.decode({
      listen: 0,
      workload: {
        kind: 'endpoints',
        ready: { every: '50ms', within: '2s' },
        live: { every: '50ms' },
        ...workload,
      } as never,
      versions: { v1: {} },
      stable: 'v1',
    }),
    baseDirectory: '/',
    stateDirectory: '/nowhere',
    clock: wallClock,
  }
}

workloadContract(
  'endpoints',
  async () => {
    const servers = {
      v1: [await serve('v1'), await serve('v1')],
      v2: [await serve('v2'), await serve('v2')],
      late: [await serve('late', 503)],
    }
    const addresses = (name: keyof typeof servers) => ({ endpoints: servers[name].map(({ address }) => address) })
    const runners: WorkloadRunner[] = []
    const open = (): WorkloadRunner => {
      const runner = openEndpoints(context())
      runners.push(runner)
      return runner
    }
    return {
      runner: open(),
      good: (version) => addresses(version === 'v1' ? 'v1' : 'v2'),
      broken: {},
      late: addresses('late'),
      pass: async () => await wallClock.sleep(20),
      crash: async () => {},
      versionAt: async (endpoint) => await ask(`${endpoint}/version`).catch(() => null),
      reopen: open,
      leftovers: async () => [],
      close: async () => {
        for (const runner of runners) runner.detach()
        await Promise.all(Object.values(servers).flatMap((own) => own.map(async (server) => await server.close())))
      },
    }
  },
  [
    {
      reason: 'Nothing is started here, so nothing can fail to start.',
      tests: ['a version that cannot start fails with one sentence'],
    },
    {
      reason: 'Whoever runs the servers starts them again; it is tested below that one who comes back is taken again.',
      tests: ['a replica that crashes is seen, started again and counted'],
    },
    {
      reason: 'The servers belong to somebody else and go on; it is tested below that nobody asks them any more.',
      tests: ['stop leaves nothing behind', 'who was dismissed does not answer any more'],
    },
    {
      reason: 'Stopping takes no time, so nobody can want a version meanwhile.',
      tests: ['a version that is wanted while it stops comes again'],
    },
    {
      reason: 'Addresses are in the file and nothing is remembered of them; a next runner asks anew.',
      tests: ['detached replicas go on and the next runner adopts them', 'the next runner stops what it adopted'],
    },
  ],
)

const states = ({ replicas }: WorkloadObservation): readonly string[] => replicas.map((replica) => replica.state)

test('with a number of replicas only the first addresses are asked and get traffic, and the others no more once dismissed', async () => {
  const servers = [await serve('v1'), await serve('v1'), await serve('v1')]
  const runner = openEndpoints(context())
  const spec = { endpoints: servers.map(({ address }) => address) }
  const both = await until(runner, 'v1', is('ready'), { spec: { ...spec, replicas: 2 } })
  assert.deepEqual(
    both.replicas.map(({ endpoint }) => endpoint),
    spec.endpoints.slice(0, 2),
  )
  runner.ensure('v1', { ...spec, replicas: 1 })
  const fewer = runner.observe('v1')
  assert.deepEqual([fewer.state, ...states(fewer)], ['ready', 'ready', 'leaving'])
  runner.dismiss('v1', 'v1/1')
  assert.deepEqual(states(runner.observe('v1')), ['ready'])
  // More than there are addresses are all of them.
  const all = await until(runner, 'v1', is('ready'), { spec: { ...spec, replicas: 9 } })
  assert.deepEqual(
    all.replicas.map(({ id, endpoint }) => [id, endpoint]),
    spec.endpoints.map((endpoint, i) => [`v1/${i}`, endpoint]),
  )
  runner.detach()
  await Promise.all(servers.map(async (server) => await server.close()))
})

test('a server that goes away is taken out at once, and taken again when it comes back', async () => {
  const [first, second] = [await serve('v1'), await serve('v1')]
  const runner = openEndpoints(context())
  const spec = { endpoints: [first.address, second.address] }
  await until(runner, 'v1', is('ready'), { spec })
  await second.close()
  const seen = await until(runner, 'v1', is('degraded'), { spec })
  assert.deepEqual(states(seen), ['ready', 'unready'])
  assert.equal(seen.replicas[1]?.message, `${second.address}/ refused the connection.`)
  const back = await serve('v1', 200, second.port)
  const again = await until(runner, 'v1', is('ready'), { spec })
  assert.deepEqual(
    again.replicas.map(({ restarts, message }) => [restarts, message]),
    [
      [0, null],
      [0, null],
    ],
  )
  runner.detach()
  await Promise.all([first.close(), back.close()])
})

test('liveness takes a server out too, until it is ready again', async () => {
  const server = await serve('v1')
  const runner = openEndpoints(
    context({ ready: { path: '/version', every: '50ms' }, live: { path: '/live', every: '50ms', failures: 2 } }),
  )
  const spec = { endpoints: [server.address] }
  await until(runner, 'v1', is('ready'), { spec })
  server.status = 500
  const seen = await until(runner, 'v1', is('degraded'), { spec })
  assert.match(seen.replicas[0]?.message ?? '', /\/live answered 500\.$/)
  server.status = 204
  await until(runner, 'v1', is('ready'), { spec })
  runner.detach()
  await server.close()
})

test('a path in the address comes before the path of the check, and nobody is asked after a stop', async () => {
  const server = await serve('v1')
  const runner = openEndpoints(context({ ready: { path: '/healthz', every: '50ms' } }))
  await until(runner, 'v1', is('ready'), { spec: { endpoints: [`${server.address}/api/`] } })
  assert.equal(server.asked[0], '/api/healthz')
  await runner.stop('v1', AbortSignal.timeout(1_000))
  await wallClock.sleep(60) // What was on its way arrives.
  const asked = server.asked.length
  await wallClock.sleep(300)
  assert.equal(server.asked.length, asked)
  assert.equal(await ask(`${server.address}/version`), 'v1', 'it is left alone')
  await server.close()
})

test('before its first check an address is unready, and a failure goes away when the servers come', async () => {
  const server = await serve('v1', 503)
  const runner = openEndpoints(context({ ready: { every: '50ms', within: '300ms' } }))
  const spec = { endpoints: [server.address] }
  runner.ensure('v1', spec)
  assert.deepEqual([runner.observe('v1').state, states(runner.observe('v1'))], ['starting', ['unready']])
  const { failure } = await until(runner, 'v1', is('failed'), { spec })
  assert.deepEqual(failure, {
    code: 'workload.not-ready',
    message: `v1 was not ready within 0.3 s: ${server.address}/ answered 503.`,
  })
  server.status = 200
  assert.equal((await until(runner, 'v1', is('ready'), { spec })).failure, null)
  runner.detach()
  await server.close()
})
