import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bodyOf, sizedBody } from '../load/requests.ts'
import { Callers } from './callers.ts'
import { holdIdle, stall } from './held.ts'
import { wrongIn } from './http2.ts'
import { linesOf } from './print.ts'
import { noLongerMet, recordedGoals } from './recorded.ts'

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.dispose]: () => server.close().closeAllConnections() }
}

test('a table has a line for each row and for each goal that was measured', () => {
  const table = {
    title: 'Something',
    columns: ['a long column', 'errors'],
    rows: [{ name: 'nginx', values: [1.5, null] }],
    goals: [
      ['times nginx', 1.5, '≥', 1],
      ['MB', 9, '≤', 8],
      ['who was not there', Number.NaN, '≥', 1],
    ],
    wrong: [],
  } as const
  assert.deepEqual(linesOf(table, true), [
    'Something',
    '',
    '                        a long column   errors',
    '  nginx                           1.5        –',
    '',
    '  ✔  1.500  times nginx (goal ≥ 1)',
    '  ✘  9.000  MB (goal ≤ 8)',
    '',
  ])
  assert.ok(!linesOf(table, false).some((line) => line.includes('goal')))
})

test('only a goal that the recorded run met, and this one does not, is told', () => {
  const before = [
    { what: 'times nginx', value: 1.2, met: true },
    { what: 'MB', value: 9, met: false },
  ]
  const goals = (times: number, mb: number) => [['times nginx', times, '≥', 1] as const, ['MB', mb, '≤', 8] as const]
  assert.deepEqual(noLongerMet(goals(1, 12), before), [])
  assert.deepEqual(noLongerMet(goals(Number.NaN, 7), before), [])
  assert.deepEqual(noLongerMet(goals(0.5, 7), before), ['0.5 times nginx: the recorded 1.2 met its goal.'])
  assert.deepEqual(noLongerMet([['new', 0, '≥', 1]], before), [])
  assert.ok(recordedGoals.some(({ what, met }) => what === '% of units like split_clients' && met))
})

test('what h2load says counts as right only with every answer, every status and every byte', () => {
  const said = (good: number, status: number, data: number): string =>
    [
      'finished in 34.58ms, 5783.25 req/s, 287.25KB/s',
      `requests: 200 total, 200 started, 200 done, ${good} succeeded, 0 failed, 0 errored, 0 timeout`,
      `status codes: ${status} 2xx, 0 3xx, 0 4xx, 0 5xx`,
      `traffic: 9.93KB (10172) total, 3.40KB (3482) headers (space savings 90.35%), 2.54KB (${data}) data`,
    ].join('\n')
  assert.equal(wrongIn(said(200, 200, 2_600), 200), 0)
  assert.equal(wrongIn(said(199, 200, 2_600), 200), 1)
  assert.equal(wrongIn(said(200, 190, 2_600), 200), 10)
  assert.equal(wrongIn(said(200, 200, 2_599), 200), 200)
  assert.equal(wrongIn('it failed', 200), 200)
})

test('an idle connection that is closed, or was answered wrongly, is an error', { timeout: 60_000 }, async () => {
  using good = await serve((_request, response) => response.end(bodyOf('v1')))
  const held = await holdIdle(good.port, 60)
  try {
    assert.equal(held.errors, 0)
    good[Symbol.dispose]()
    while (held.errors < 60) await sleep(10)
  } finally {
    held.close()
  }
  using bad = await serve((_request, response) => response.end('something else'))
  const refused = await holdIdle(bad.port, 3)
  refused.close()
  assert.ok(refused.errors >= 3)
})

test(
  'a client that stalled gets the whole answer when it reads on, or says that it did not',
  { timeout: 60_000 },
  async () => {
    const bytes = 3_000_000
    using good = await serve((_request, response) => response.end(sizedBody('v1', bytes)))
    using cut = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': bytes }).write(sizedBody('v1', bytes).subarray(0, 1_000_000))
      setTimeout(() => response.destroy(), 50)
    })
    const [one, other] = [await stall(good.port, 0, bytes), await stall(cut.port, 0, bytes)]
    assert.deepEqual(await Promise.all([one.read(), other.read()]), [true, false])
  },
)

test(
  'callers tell versions, wrong answers and lost requests apart, and count connections that were closed',
  { timeout: 60_000 },
  async () => {
    let asked = 0
    using server = await serve((request, response) => {
      asked += 1
      if (asked === 3) request.socket.destroy()
      else if (asked === 5) response.writeHead(503).end()
      else if (asked === 7) response.setHeader('connection', 'close').end(bodyOf('v2'))
      else response.end(bodyOf('v1'))
    })
    const callers = new Callers(server.port, 1)
    const answers: string[] = []
    while (answers.length < 9) {
      await sleep(5)
      answers.push(...callers.take().map(({ answer }) => answer))
    }
    await callers.stop()
    assert.deepEqual(answers.slice(0, 9), ['v1', 'v1', 'lost', 'v1', 'wrong', 'v1', 'v2', 'v1', 'v1'])
    assert.equal(callers.reopened, 2)
  },
)
