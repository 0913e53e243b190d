import type { GateAnswer, GateContext } from '@serin/kit'
import { gateContract } from '@serin/kit/contract'
import { Gate } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { askHttp } from './driver.ts'

type HttpGate = Extract<Gate, { kind: 'http' }>

const secret = 'tok-5f2c'
const context: GateContext = {
  service: 'shop',
  rollout: 'shop-1',
  attempt: 1,
  step: 0,
  stable: 'v1',
  canary: 'v2',
  preview: null,
  baseDirectory: '/',
}

function gateOf(more: Readonly<Record<string, unknown>>): HttpGate {
  const gate = Gate.parse({ kind: 'http', ...more })
  assert.ok(gate.kind === 'http')
  return gate
}

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  let connections = 0
  server.on('connection', (socket) => {
    connections += 1
    socket.on('close', () => (connections -= 1))
  })
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { server, url: `http://127.0.0.1:${address.port}`, open: () => connections, close }
}

const never = new AbortController().signal

/** The answer to a gate from a server that does what the listener says. */
async function answerFrom(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  more: Readonly<Record<string, unknown>> = {},
): Promise<GateAnswer> {
  const { url, close } = await serve(listener)
  try {
    const answer = await askHttp(gateOf({ url: '{preview}/ready', ...more }), { ...context, preview: `${url}/` }, never)
    return { ...answer, why: answer.why.replace(url, 'HERE') }
  } finally {
    close()
  }
}

gateContract('http', async () => {
  process.env['SERIN_TEST_TOKEN'] = secret
  let heard = false
  const { server, url, open, close } = await serve((request, response) => {
    heard ||= request.headers.authorization === secret
    if (request.url === '/ok') response.end('fine')
    else if (request.url === '/echo') response.writeHead(200).end(`you said ${request.headers.authorization ?? ''}`)
  })
  const asked = new Promise<void>((resolve) => server.on('request', ({ url }) => url === '/hang' && resolve()))
  const headers = { authorization: 'env:SERIN_TEST_TOKEN' }
  return {
    ask: askHttp,
    context,
    passing: gateOf({ url: `${url}/ok`, expect: { contains: 'fine' } }),
    refusing: gateOf({ url: `${url}/echo`, headers, expect: { contains: 'fine' } }),
    refusal: /answered “you said •••”, in which “fine” is missing\.$/,
    secret,
    heard: async () => heard,
    hanging: gateOf({ url: `${url}/hang`, timeout: '10m' }),
    brief: gateOf({ url: `${url}/hang`, timeout: '50ms' }),
    lacking: gateOf({ url, headers: { authorization: 'env:SERIN_TEST_ABSENT' } }),
    asked: async () => await asked,
    leftovers: async () => (open() === 0 ? [] : [`${open()} connections`]),
    close: async () => {
      delete process.env['SERIN_TEST_TOKEN']
      close()
    },
  }
})

test('an answer that is not as expected is waited for, and the sentence says what came', async () => {
  const cases: readonly [string, number, string, Readonly<Record<string, unknown>>][] = [
    ['HERE/ready answered 503 instead of 2xx.', 503, '', {}],
    ['HERE/ready answered 302 instead of 2xx (redirects are not followed).', 302, '', {}],
    ['HERE/ready answered 200 instead of 202 or 204.', 200, '', { status: [202, 204] }],
    ['HERE/ready answered “no”, which is not JSON.', 200, 'no', { json: { '/status': 'ok' } }],
    [
      'HERE/ready answered with “"starting"” at /status instead of “"ok"”.',
      200,
      '{"status":"starting"}',
      { json: { '/status': 'ok' } },
    ],
    ['HERE/ready answered with nothing at /a/0 instead of “1”.', 200, '{"a":[]}', { json: { '/a/0': 1 } }],
  ]
  for (const [why, status, body, expect] of cases) {
    const answer = await answerFrom((_request, response) => response.writeHead(status).end(body), { expect })
    assert.deepEqual(answer, { outcome: 'waiting', why })
  }
})

test('values are found by JSON pointer, and a status that is asked for is well, also a redirect', async () => {
  const body = '{"a/b":{"~":[true,null]},"n":0.5}'
  const expect = { json: { '/a~1b/~0/0': true, '/a~1b/~0/1': null, '/n': 0.5 } }
  assert.equal((await answerFrom((_request, response) => response.end(body), { expect })).outcome, 'passed')
  const moved = await answerFrom((_request, response) => response.writeHead(302).end(), { expect: { status: [302] } })
  assert.equal(moved.outcome, 'passed')
})

test('a body is sent with its places replaced as JSON needs it, and own headers go before', async () => {
  const seen: string[] = []
  const record = (request: IncomingMessage, response: ServerResponse): void => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      seen.push(`${request.method ?? ''} ${request.headers['content-type'] ?? ''} ${text}`)
      response.end()
    })
  }
  await answerFrom(record, { method: 'POST', body: '{"v":"{version}","s":"{stable}","x":{}}' })
  await answerFrom(record, { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain' } })
  assert.deepEqual(seen, ['POST application/json {"v":"v2","s":"v1","x":{}}', 'POST text/plain x'])
})

test('an answer without end is read to a limit: its status is enough, its body is not compared', async () => {
  const endless = (_request: IncomingMessage, response: ServerResponse): void => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    }
    response.on('drain', more)
    more()
  }
  assert.equal((await answerFrom(endless)).outcome, 'passed')
  assert.match((await answerFrom(endless, { expect: { contains: 'y' } })).why, /more than 1 MiB/)
})

test('nobody there, a cut connection and no preview yet are answers', async () => {
  const { url, close } = await serve((request) => request.socket.destroy())
  const cut = await askHttp(gateOf({ url: `${url}/x?token=abc` }), context, never)
  assert.deepEqual(cut, { outcome: 'waiting', why: `${url}/x cut the connection.` })
  close()
  assert.match((await askHttp(gateOf({ url }), context, never)).why, /refused the connection\.$/)
  assert.deepEqual(await askHttp(gateOf({ url: '{preview}/' }), context, never), {
    outcome: 'waiting',
    why: 'There is no {preview} yet: no replica of v2 is ready.',
  })
})
