/** Answers of a model through a real gateway: seen, and not held up. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { EvidenceSlot } from '@serin/core'
import { generationColumns } from '@serin/core/evidence'
import { evidenceOf, openWorld, send, sumOf, tableOf } from '../../testing/servers.ts'

const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
const says = (content: string): string => event({ choices: [{ delta: { content } }] })
const usage = { prompt_tokens: 10, completion_tokens: 4 }
const measured = { measurement: { rollout: 'r1', latencyCutsMs: [], latencyFrom: 0, generation: true } } as const

function columnOf(slots: readonly EvidenceSlot[], version: string, name: (typeof generationColumns)[number]): number {
  const at = generationColumns.indexOf(name)
  return sumOf(slots, version, (arm) => (arm.generation?.buckets ?? []).reduce((sum, row) => sum + (row[at] ?? 0), 0))
}

for (const transport of ['http', 'net'] as const) {
  void test(`a piece of a stream reaches the client before the next one is made (${transport})`, async () => {
    await using world = await openWorld()
    const made: string[] = []
    let next: (() => void) | undefined
    const address = await world.upstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const pieces = [says('one'), says('two'), event({ choices: [], usage }), 'data: [DONE]\n\n']
      next = () => {
        const piece = pieces.shift()
        if (piece === undefined) response.end()
        else {
          made.push(piece)
          response.write(piece)
        }
      }
      next()
    })
    const gateway = await world.gateway({ transport })
    await gateway.apply(tableOf(1, 5_000, { v1: [address], v2: [address] }, measured))
    const asked = request(`${gateway.identity.address}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-user': 'ann', 'content-type': 'application/json' },
    })
    asked.end('{"stream":true}')
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const got: string[] = []
    // Lockstep: nothing more is made until the client has what was.
    answer.setEncoding('utf8').on('data', (text: string) => {
      got.push(text)
      assert.equal(got.join(''), made.join(''))
      next?.()
    })
    await once(answer, 'end')
    assert.equal(made.length, 4)
    const version = String(answer.headers['serin-version'])
    const slots = await evidenceOf(gateway, (all) => columnOf(all, version, 'usages') > 0)
    const sums = ['answers', 'streams', 'gaps', 'timed', 'tokens', 'promptTokens', 'completionTokens'] as const
    assert.deepEqual(
      sums.map((name) => columnOf(slots, version, name)),
      [1, 1, 1, 1, 4, 10, 4],
    )
    assert.equal(
      sumOf(slots, version, (arm) => arm.latencyScored),
      1,
    )
  })
}

void test('JSON, compressed answers and failures in a stream count as what they are, and nothing when nobody asks', async () => {
  await using world = await openWorld()
  const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
    '/json': (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ choices: [], usage })),
    '/gzip': (response) =>
      response
        .writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
        .end(gzipSync(says('x'))),
    '/fails': (response) =>
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(says('x') + event({ error: { message: 'CUDA out of memory' } })),
    '/picture': (response) => response.writeHead(200, { 'content-type': 'image/png' }).end('png'),
  }
  const address = await world.upstream((asked, response) => answers[asked.url ?? '']?.(response))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [address], v2: [address] }, measured))
  for (const path of Object.keys(answers)) await send(gateway.identity.address, { path, headers: { 'x-user': path } })
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v1', (arm) => arm.requests) === 4)
  const sums = ['answers', 'streams', 'usages', 'timed', 'completionTokens'] as const
  assert.deepEqual(
    sums.map((name) => columnOf(slots, 'v1', name)),
    [3, 0, 1, 1, 4],
  )
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.generation?.unread ?? 0),
    1,
  )
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.randomisedErrors),
    1,
  )
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.statusClasses[2]),
    4,
  )

  await gateway.apply(tableOf(2, 0, { v1: [address], v2: [address] }))
  await send(gateway.identity.address, { path: '/json', headers: { 'x-user': 'ann' } })
  const after = await evidenceOf(gateway, (all) => sumOf(all, 'v1', (arm) => arm.requests) === 5)
  assert.equal(after.filter(({ revision, arms }) => revision === 2 && arms['v1']?.generation !== undefined).length, 0)
})
