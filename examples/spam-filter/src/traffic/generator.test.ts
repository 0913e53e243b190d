import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { test } from 'node:test'
import { TrafficGenerator, type TrafficOptions } from './generator.ts'
import { failureKinds, type FailureKind } from './tally.ts'
import { startTestServer, until } from './testing/servers.ts'

const messages = [
  { spam: false, text: 'see you at six' },
  { spam: true, text: 'win a prize' },
]

const optionsFor = (gateway: string): TrafficOptions => ({
  gateway,
  labels: null,
  messages,
  requestsPerSecond: 100,
  users: 50,
  prefix: 't',
  seed: 1,
  timeoutMs: 60_000,
})

/** A filter that knows its two messages; versions take turns by user. */
const goodFilter: RequestListener = (request, response) => {
  void judge(request, response)
}

async function judge(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const probability = (await readText(request)).includes('prize') ? 0.9 : 0.1
  // Users come as t-1, t-2, … in base 36.
  const version = Number.parseInt(String(request.headers['x-user-id']).slice(2), 36) % 2 === 0 ? 'v1' : 'v2'
  response.setHeader('serin-version', version).end(predictionOf(probability))
}

const predictionOf = (probability: number) =>
  JSON.stringify({ outputs: [{ name: 'spam', datatype: 'FP32', shape: [1], data: [probability] }] })

test('with a server that does its work nothing fails, and everything sent is answered', async () => {
  await using server = await startTestServer(goodFilter)
  await using traffic = new TrafficGenerator(optionsFor(server.url))
  traffic.start()
  await until('200 answers', () => traffic.report().answered >= 200)
  const last = await traffic.stop()
  assert.equal(last.final, true)
  assert.deepEqual([last.failed, last.inFlight, last.answered], [0, 0, last.sent])
  const { v1, v2 } = last.versions
  assert.ok(v1 !== undefined && v2 !== undefined)
  assert.equal(v1.requests + v2.requests, last.answered)
  assert.deepEqual([v1.falsePositives, v1.falseNegatives, v2.falsePositives], [0, 0, 0])
  assert.ok(v1.users + v2.users <= last.users.seen && v1.users > 0 && v2.users > 0)
})

/** Each way in which a server can let its client down, and how the client has to count it. */
const misdeeds: readonly (readonly [FailureKind | 'none', (response: ServerResponse) => void])[] = [
  ['none', (response) => response.setHeader('serin-version', 'v1').end(predictionOf(0.1))],
  ['status', (response) => response.writeHead(503).end('{"error":"busy"}')],
  ['status', (response) => response.writeHead(404).end()],
  ['status', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['status', (response) => response.writeHead(204).end()],
  ['connection', (response) => response.destroy()],
  [
    'connection',
    (response) => {
      response.writeHead(200, { 'content-length': 1_000, 'serin-version': 'v1' })
      response.write(predictionOf(0.1), () => response.destroy())
    },
  ],
  [
    'connection',
    (response) => {
      response.writeHead(200, { 'serin-version': 'v1' })
      response.write('{"outputs":', () => response.destroy())
    },
  ],
  ['timeout', () => undefined],
  [
    'timeout',
    (response) => {
      response.writeHead(200, { 'serin-version': 'v1' })
      response.write('{"outputs":')
    },
  ],
  ['invalid', (response) => response.setHeader('serin-version', 'v1').end('<h1>welcome</h1>')],
  ['invalid', (response) => response.setHeader('serin-version', 'v1').end(predictionOf(7))],
  ['invalid', (response) => response.end(predictionOf(0.1))],
]

test('every kind of failure is counted, once, by its kind', async () => {
  const done: Record<FailureKind | 'none', number> = {
    none: 0,
    status: 0,
    connection: 0,
    timeout: 0,
    invalid: 0,
    overload: 0,
  }
  let turn = 0
  await using server = await startTestServer((request, response) => {
    const [kind, act] = misdeeds[turn % misdeeds.length] ?? misdeeds[0] ?? assert.fail()
    turn += 1
    done[kind] += 1
    request.resume().on('end', () => act(response))
  })
  // Long enough for a busy machine to give the answers that do come.
  await using traffic = new TrafficGenerator({ ...optionsFor(server.url), timeoutMs: 5_000 })
  traffic.start()
  await until('each misdeed a few times', () => turn >= 10 * misdeeds.length)
  const last = await traffic.stop()
  const { none, ...failures } = done
  assert.deepEqual(last.failures, failures)
  assert.equal(last.answered, none)
  assert.equal(
    last.failed,
    failureKinds.reduce((sum, kind) => sum + failures[kind], 0),
  )
  assert.equal(last.sent, last.answered + last.failed)
  assert.equal(last.failureSamples.length, 10)
})

test('nobody listening is a failure of every request', async () => {
  const { url } = await closedServer()
  await using traffic = new TrafficGenerator(optionsFor(url))
  traffic.start()
  await until('50 failures', () => traffic.report().failed >= 50)
  const last = await traffic.stop()
  assert.deepEqual([last.answered, last.failures.connection], [0, last.sent])
  assert.match(last.failureSamples[0] ?? '', /ECONNREFUSED/)
})

test('a slow server gets no fewer requests, and the end waits for its answers', async () => {
  const waiting: (() => void)[] = []
  await using server = await startTestServer((_request, response) => {
    waiting.push(() => response.setHeader('serin-version', 'v1').end(predictionOf(0.1)))
  })
  await using traffic = new TrafficGenerator(optionsFor(server.url))
  traffic.start()
  await until('200 at once', () => waiting.length >= 200)
  const stopping = traffic.stop()
  // Closing down does not give up on what is under way.
  const rest = setInterval(() => waiting.splice(0).forEach((answer) => answer()), 10)
  const last = await stopping
  clearInterval(rest)
  assert.deepEqual([last.failed, last.answered], [0, last.sent])
})

test('false verdicts are counted by version, and users once each', async () => {
  const users = new Set<string>()
  await using server = await startTestServer((request, response) => {
    users.add(String(request.headers['x-user-id']))
    request.resume().on('end', () => response.setHeader('serin-version', 'v9').end(predictionOf(0.5)))
  })
  await using traffic = new TrafficGenerator(optionsFor(server.url))
  traffic.start()
  await until('300 answers', () => traffic.report().answered >= 300)
  const { versions } = await traffic.stop()
  const { v9 } = versions
  assert.ok(v9 !== undefined)
  // A probability of 0.5 is a verdict of spam.
  assert.deepEqual([v9.falsePositives, v9.falseNegatives, v9.users], [v9.good, 0, users.size])
  assert.ok(v9.good > 0 && v9.spam > 0)
})

async function closedServer(): Promise<{ readonly url: string }> {
  await using server = await startTestServer(() => undefined)
  return { url: server.url }
}
