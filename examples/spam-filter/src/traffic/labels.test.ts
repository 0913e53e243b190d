import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { test } from 'node:test'
import { LabelPost, type Label } from './labels.ts'
import { startTestServer, until } from './testing/servers.ts'

const labelOf = (unit: string): Label => ({ metric: 'false-positive', value: 0, unit, time: Date.now() })

/** A control plane that remembers what it was told. */
function remembering(told: (Label & { readonly receivedAt: number })[], status = 200): RequestListener {
  return (request, response) => {
    assert.equal(`${request.method} ${request.url}`, 'POST /v1/observations')
    assert.equal(request.headers.authorization, 'Bearer secret')
    assert.equal(request.headers['content-type'], 'application/x-ndjson')
    void take(request, response)
  }
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const labels = (await readText(request)).split('\n').map((line) => JSON.parse(line) as Label)
    told.push(...labels.map((label) => ({ ...label, receivedAt: Date.now() })))
    response.writeHead(status).end(JSON.stringify({ accepted: labels.length - 1, ignored: 1 }))
  }
}

test('labels go out in batches, none before its time', async () => {
  const told: (Label & { readonly receivedAt: number })[] = []
  await using server = await startTestServer(remembering(told))
  await using post = new LabelPost({ url: server.url, token: 'secret', delayMs: [300, 600] })
  post.start()
  for (let i = 0; i < 100; i += 1) post.add(labelOf(`u${i}`), i / 100)
  await until('all labels', () => told.length === 100)
  for (const { unit, time, receivedAt } of told)
    assert.ok(receivedAt - time >= 300 + 3 * Number(unit.slice(1)), `${unit} came after ${receivedAt - time} ms`)
  await post.stop()
  assert.equal(post.figures.accepted, 100)
  assert.ok(post.figures.ignored >= 1 && post.figures.ignored < 20, 'few batches, one ignored label in each')
  assert.deepEqual([post.figures.waiting, post.figures.lost], [0, 0])
})

test('what is left at the end is sent at once', async () => {
  const told: (Label & { readonly receivedAt: number })[] = []
  await using server = await startTestServer(remembering(told))
  await using post = new LabelPost({ url: server.url, token: 'secret', delayMs: [1_000_000, 1_000_000] })
  post.start()
  for (let i = 0; i < 12_000; i += 1) post.add(labelOf(`u${i}`), 0)
  await post.stop()
  assert.equal(new Set(told.map(({ unit }) => unit)).size, 12_000)
  assert.deepEqual([post.figures.accepted, post.figures.waiting, post.figures.lost], [12_000, 0, 0])
})

test('labels wait for a control plane that is away', async () => {
  const told: (Label & { readonly receivedAt: number })[] = []
  const url = await (async () => {
    await using server = await startTestServer(() => undefined)
    return server.url
  })()
  await using post = new LabelPost({ url, token: 'secret', delayMs: [0, 0] })
  post.start()
  post.add(labelOf('early'), 0)
  await new Promise((resolve) => setTimeout(resolve, 700))
  assert.deepEqual([post.figures.accepted, post.figures.waiting, post.figures.lost], [0, 1, 0])
  await using back = await startTestServer(remembering(told), Number(new URL(url).port))
  await until('the label', () => told.length === 1)
  await post.stop()
  assert.deepEqual([told[0]?.unit, post.figures.accepted, back.url], ['early', 1, url])
})

test('a label that may have been counted is not sent again', async () => {
  let requests = 0
  await using server = await startTestServer((request, response) => {
    requests += 1
    request.resume().on('end', () => response.destroy())
  })
  await using post = new LabelPost({ url: server.url, token: 'secret', delayMs: [0, 0] })
  post.start()
  post.add(labelOf('once'), 0)
  await until('its loss', () => post.figures.lost === 1)
  await post.stop()
  assert.deepEqual([requests, post.figures.waiting], [1, 0])
})

test('a control plane that refuses loses them, and one that never comes back loses them at the end', async () => {
  const refusing = async () => {
    await using server = await startTestServer(remembering([], 401))
    await using post = new LabelPost({ url: server.url, token: 'secret', delayMs: [0, 0] })
    post.add(labelOf('a'), 0)
    await post.stop()
    assert.deepEqual([post.figures.accepted, post.figures.lost], [0, 1])
    return server.url
  }
  await using alone = new LabelPost({ url: await refusing(), token: 'secret', delayMs: [0, 0] })
  alone.add(labelOf('b'), 0)
  await alone.stop()
  assert.deepEqual([alone.figures.accepted, alone.figures.waiting, alone.figures.lost], [0, 0, 1])
})
