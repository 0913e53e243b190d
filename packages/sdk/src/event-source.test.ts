import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { readEvents } from './event-source.ts'

const entry = (seq: number) =>
  `event: journal\nid: ${seq}\ndata: ${JSON.stringify({ seq, at: 1, stream: 's', kind: 'k', actor: 'a', data: { text: 'é✓' }, hash: 'h' })}\n\n`

interface Options {
  readonly url: string
  readonly token: string
  readonly after?: number
  readonly silenceMs?: number
}

interface Talk {
  readonly options: Options
  /** `last-event-id` of each connection. */
  readonly asked: (string | undefined)[]
}

/** A server that answers the n-th connection as told; each test ends with it. */
async function talk(
  answers: readonly ((response: ServerResponse) => void)[],
  run: (talk: Talk) => Promise<void>,
): Promise<void> {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers['last-event-id']?.toString())
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    answer?.(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    await run({ options: { url: `http://127.0.0.1:${address.port}`, token: 't' }, asked })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Reads so many entries, then ends the stream. */
async function entries(options: Options, wanted: number): Promise<readonly number[]> {
  const stop = new AbortController()
  const seen: number[] = []
  for await (const event of readEvents({ ...options, signal: stop.signal })) {
    if (event.type === 'journal') seen.push(event.entry.seq)
    if (seen.length === wanted) stop.abort()
  }
  return seen
}

test('frames come whole, however they are cut', async () => {
  const bytes = Buffer.from(entry(1) + ': still here\n\n' + entry(2))
  const inPieces = (response: ServerResponse) => {
    for (const byte of bytes) response.write(Buffer.of(byte))
  }
  await talk([inPieces], async ({ options }) => assert.deepEqual(await entries(options, 2), [1, 2]))
})

test('after a lost connection it goes on behind the last entry seen', async () => {
  const breaks = (response: ServerResponse) => {
    response.write(entry(7))
    setTimeout(() => response.destroy(), 50)
  }
  await talk([breaks, (response) => response.write(entry(8))], async ({ options, asked }) => {
    assert.deepEqual(await entries({ ...options, after: 6 }, 2), [7, 8])
    assert.deepEqual(asked, ['6', '7'])
  })
})

test('a connection that fell silent is given up and made anew', async () => {
  await talk(
    [(response) => response.write(entry(1)), (response) => response.write(entry(2))],
    async ({ options, asked }) => {
      assert.deepEqual(await entries({ ...options, silenceMs: 200 }, 2), [1, 2])
      assert.deepEqual(asked, [undefined, '1'])
    },
  )
})

test('a refused token is an error, not a reason to try again', async () => {
  const server = createServer((_request, response) => response.writeHead(403).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    await assert.rejects(entries({ url: `http://127.0.0.1:${address.port}`, token: 't' }, 1), { code: 'auth.refused' })
  } finally {
    server.close()
  }
})
