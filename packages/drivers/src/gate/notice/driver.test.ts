import type { StepNews } from '@serin/kit'
import { Notice } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { tell } from './driver.ts'

const news: StepNews = {
  service: 'shop',
  rollout: 'shop-1',
  attempt: 2,
  step: 1,
  stable: 'v1',
  canary: 'v2',
  baseDirectory: '/',
  weightBp: 2_550,
  sentence: 'It said “no”, and "why"\nnot.',
}
const never = new AbortController().signal

/** A server that keeps what it is told and answers with a status; 0: never. */
async function openListener(status = 204) {
  const heard: { readonly path: string; readonly type: string; readonly key: string; readonly body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { 'content-type': type = '', authorization: key = '' } = request.headers
      heard.push({ path: `${request.method ?? ''} ${request.url ?? ''}`, type, key, body })
      if (status > 0) response.writeHead(status).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    url: `http://127.0.0.1:${address.port}`,
    heard,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

test('a notice is a JSON object that says what began', async () => {
  await using listener = await openListener()
  await tell(Notice.parse({ url: `${listener.url}/{service}/{step}?v={version}` }), news, never)
  assert.equal(listener.heard.length, 1)
  const { path, type, body } = listener.heard[0] ?? assert.fail()
  assert.deepEqual([path, type], ['POST /shop/1?v=v2', 'application/json'])
  assert.deepEqual(JSON.parse(body), {
    service: 'shop',
    rollout: 'shop-1',
    attempt: 2,
    version: 'v2',
    stable: 'v1',
    step: 1,
    weight: '25.5%',
    sentence: news.sentence,
  })
})

test('a body of one’s own stays JSON whatever the sentence holds', async () => {
  await using listener = await openListener()
  const body = '{"text":"{service} at {weight}: {sentence}"}'
  process.env['SERIN_TEST_HOOK'] = 'hook-12'
  await tell(Notice.parse({ url: listener.url, body, headers: { Authorization: 'env:SERIN_TEST_HOOK' } }), news, never)
  delete process.env['SERIN_TEST_HOOK']
  assert.equal(listener.heard[0]?.key, 'hook-12')
  assert.deepEqual(JSON.parse(listener.heard[0].body), { text: `shop at 25.5%: ${news.sentence}` })
})

test('a notice that did not arrive says so', async () => {
  await using refusing = await openListener(500)
  const { url } = refusing
  await assert.rejects(tell(Notice.parse({ url: `${url}/a?key=k` }), news, never), {
    message: `${url}/a answered 500.`,
  })
  await using silent = await openListener(0)
  await assert.rejects(tell(Notice.parse({ url: silent.url, timeout: '50ms' }), news, never), /did not answer within/)
  const lacking = Notice.parse({ url, headers: { a: 'env:SERIN_TEST_ABSENT' } })
  await assert.rejects(tell(lacking, news, never), /"a" has no value: the environment variable SERIN_TEST_ABSENT/)
  const reason = new Error('enough')
  await assert.rejects(tell(Notice.parse({ url }), news, AbortSignal.abort(reason)), (error) => error === reason)
})
