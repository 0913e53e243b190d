import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TrafficReport } from './generator.ts'
import { startTestServer, until } from './testing/servers.ts'
import { startTraffic } from './traffic-process.ts'

const prediction = JSON.stringify({ outputs: [{ name: 'spam', datatype: 'FP32', shape: [1], data: [0.1] }] })

test('it reports every second, sends labels with its token, and ends with everything answered', async () => {
  const tokens = new Set<string | undefined>()
  let labels = 0
  await using server = await startTestServer((request, response) => {
    if (request.url === '/v2/models/spam/infer') {
      request.resume().on('end', () => response.setHeader('serin-version', 'v1').end(prediction))
      return
    }
    tokens.add(request.headers.authorization)
    void take(request, response)
  })
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    labels += (await readText(request)).split('\n').length
    response.end('{"accepted":1,"ignored":0}')
  }
  const reports: TrafficReport[] = []
  const traffic = startTraffic({
    gateway: server.url,
    controlPlane: server.url,
    token: 'secret',
    requestsPerSecond: 100,
    users: 20,
    onReport: (report) => reports.push(report),
  })
  await until('two reports', () => reports.length >= 2)
  assert.equal(traffic.latest(), reports.at(-1))
  const last = await traffic.stop()
  assert.equal(last.final, true)
  assert.ok(last.sent > 0)
  assert.deepEqual([last.answered, last.failed, last.inFlight], [last.sent, 0, 0])
  assert.deepEqual([labels, last.labels.accepted, last.labels.waiting], [last.sent, last.sent, 0])
  assert.deepEqual([...tokens], ['Bearer secret'])
})

test('it ends when whoever started it is gone, however that ended', async () => {
  let lastRequestAt = 0
  await using server = await startTestServer((request, response) => {
    lastRequestAt = Date.now()
    request.resume().on('end', () => response.setHeader('serin-version', 'v1').end(prediction))
  })
  const script = `
    import { startTraffic } from ${JSON.stringify(new URL('traffic-process.ts', import.meta.url).href)}
    const url = ${JSON.stringify(server.url)}
    startTraffic({ gateway: url, controlPlane: url, token: 't', requestsPerSecond: 50, onReport: () => process.stdout.write('report\\n') })`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(parent.stdout, 'data')
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await until('silence', () => Date.now() - lastRequestAt > 3_000)
})

test('without a gateway it says how it is used', async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = readText(child.stderr)
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 64)
  assert.match(await said, /usage:/)
})
