import { JournalEntry, ServiceStatus } from '@serin/spec'
import assert from 'node:assert/strict'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import type { Engine, News } from '@serin/engine'
import { createApp } from './app.ts'
import { eventStream, placeOf } from './event-stream.ts'
import { listen } from './listener.ts'
import { Guesses } from './sessions/guesses.ts'
import { SimulationDesk } from './simulation/desk.ts'
import { SessionBook } from './sessions/session-book.ts'
import { TokenBook } from './tokens/token-book.ts'
import { ControlPlane } from './testing/control-plane.ts'

interface Frame {
  readonly event: string
  readonly id: string
  readonly data: string
}

/** A reader of the stream that reads all the time. */
class Listening {
  readonly frames: Frame[] = []
  /** Places of the journal entries heard. */
  readonly seqs: number[] = []
  /** Texts are forgotten when nobody wants to look at them. */
  forgetful = false
  closed = false
  #rest = ''
  readonly #request: ClientRequest

  private constructor(outgoing: ClientRequest, answer: IncomingMessage) {
    this.#request = outgoing
    answer.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk))
    answer.on('close', () => (this.closed = true)).on('error', () => (this.closed = true))
  }

  static async open(url: string, token: string, headers: Readonly<Record<string, string>> = {}): Promise<Listening> {
    return await new Promise((resolve, reject) => {
      const outgoing = request(`${url}/v1/events`, {
        agent: false,
        headers: { authorization: `Bearer ${token}`, ...headers },
      })
      outgoing.on('error', reject)
      outgoing.on('response', (answer) => {
        assert.equal(answer.statusCode, 200)
        assert.match(answer.headers['content-type'] ?? '', /^text\/event-stream/)
        resolve(new Listening(outgoing, answer))
      })
      outgoing.end()
    })
  }

  close(): void {
    this.#request.destroy()
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      if (field('id') !== '') this.seqs.push(Number(field('id')))
      if (!this.forgetful) this.frames.push({ event: field('event'), id: field('id'), data: field('data') })
    }
  }
}

test('what happens is heard live: journal entries with their place, and services with their figures', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start()
  const listening = await Listening.open(url, token)
  await plane.shop()
  await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
  await plane.until('the rollout is heard', () => listening.frames.some(({ data }) => data.includes('rollout.moved')))
  const entries = listening.frames.filter(({ event }) => event === 'journal')
  for (const { id, data } of entries) assert.equal(JournalEntry.parse(JSON.parse(data)).seq, Number(id))
  assert.deepEqual(
    listening.seqs,
    entries.map((_, i) => i + 1),
  )
  const services = listening.frames.filter(({ event }) => event === 'service')
  const last = ServiceStatus.parse(JSON.parse(services.at(-1)?.data ?? ''))
  assert.equal(last.rollout?.id, 'shop-1')
  listening.close()
})

test('a reader goes on after its last event, across a restart of the control plane, missing and repeating nothing', async () => {
  await using plane = new ControlPlane()
  let { url, token } = await plane.start()
  await plane.shop()
  const first = await Listening.open(url, token, { 'last-event-id': '0' })
  await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
  await plane.until('it has traffic', async () =>
    (await plane.call('GET', '/v1/rollouts/shop')).text.includes('"inForceBp":1000'),
  )
  await plane.until('it is heard', () => first.frames.some(({ data }) => data.includes('"shop-1#1"')))
  const heard = first.seqs
  assert.deepEqual(
    heard,
    heard.map((_, i) => i + 1),
  )
  await plane.stop({ keep: true })
  await plane.until('the stream has ended', () => first.closed)
  ;({ url, token } = await plane.start())
  await plane.call('POST', '/v1/rollouts/shop/abort', { body: { why: 'enough' } })
  const again = await Listening.open(url, token, { 'last-event-id': String(heard.at(-1)) })
  await plane.until('the rest is heard', () => again.frames.some(({ data }) => data.includes('"to":"rolled-back"')))
  const all = [...heard, ...again.seqs]
  assert.deepEqual(
    all,
    all.map((_, i) => i + 1),
  )
  again.close()
})

test('without a place a reader hears only what comes, and first how every service is', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start()
  await plane.shop()
  const { entries } = (await plane.call('GET', '/v1/journal?limit=1000')).json as { entries: unknown[] }
  const headers = [{}, { 'last-event-id': '' }, { 'last-event-id': '999999' }]
  const listening = await Promise.all(headers.map((one) => Listening.open(url, token, one)))
  await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
  for (const one of listening) {
    await plane.until('it is heard', () => one.seqs.length > 0)
    assert.deepEqual([one.seqs[0], one.frames[0]?.event], [entries.length + 1, 'service'])
    one.close()
  }
})

test('a place is the last event’s id, and nothing else', () => {
  assert.deepEqual(
    [placeOf(undefined, undefined), placeOf('', undefined), placeOf('', '7'), placeOf('3', '7')],
    [null, null, 7, 3],
  )
  for (const bad of ['x', '-1', '1.5', '1e3', ' ', '9'.repeat(30)])
    assert.throws(() => placeOf(bad, undefined), { code: 'body.invalid' })
})

/** An engine of which only what a stream needs is there. */
function talkingEngine() {
  const listeners = new Set<(news: News) => void>()
  let entries = 0
  const entry = (seq: number) => ({
    seq,
    at: 0,
    stream: 's',
    kind: 'k',
    actor: 'a',
    data: { text: 'x'.repeat(4_000) },
    hash: '',
  })
  const engine = {
    started: true,
    services: () => [{ name: 'shop' }],
    service: (name: string) => ({ name }),
    journal: ({ after = 0, limit = 10_000, newestFirst = false }) =>
      newestFirst
        ? entries > 0
          ? [entry(entries)]
          : []
        : Array.from({ length: Math.max(0, Math.min(limit, entries - after)) }, (_, i) => entry(after + 1 + i)),
    subscribe: (listener: (news: News) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    engine: engine as unknown as Engine,
    listeners,
    say: (count: number) => {
      for (let i = 0; i < count; i += 1) {
        entries += 1
        for (const listener of listeners) listener({ journal: [entry(entries)], service: 'shop' })
      }
    },
  }
}

test('a reader that stops reading is cut off, and costs no memory until then', async (t) => {
  const { engine, listeners, say } = talkingEngine()
  const common = { dataDirectory: '/nowhere', now: () => 0, log: () => undefined }
  const tokens = new TokenBook({ ...common, adminToken: 'token', record: () => undefined })
  const app = createApp({
    guesses: new Guesses(() => 0),
    engine,
    tokens,
    sessions: new SessionBook({ ...common, tokens }),
    history: { of: () => [] },
    simulations: new SimulationDesk(() => 0),
    dataDirectory: '/',
    version: '0',
    log: () => undefined,
    patience: { heartbeatMs: 60_000, stallMs: 1_500 },
  })
  const listener = await listen(app.fetch, { host: '127.0.0.1', port: 0 })
  t.after(() => listener.close(AbortSignal.abort()))
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${listener.url}/v1/events`, { agent: false, headers: { authorization: 'Bearer token' } })
      .on('response', resolve)
      .on('error', reject)
      .end()
  })
  answer.pause()
  answer.on('error', () => undefined)
  const quick = await Listening.open(listener.url, 'token')
  quick.forgetful = true
  const waiting = new ControlPlane()
  await waiting.until('both read', () => listeners.size === 2)
  const before = process.memoryUsage().heapUsed
  // Far more than any buffer between the two takes: 400 MB, were it all kept.
  for (let round = 0; round < 100; round += 1) {
    say(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(process.memoryUsage().heapUsed - before < 200_000_000)
  await waiting.until('the one that does not read is gone', () => listeners.size === 1)
  await waiting.until('the other has heard everything', () => quick.seqs.at(-1) === 100_000)
  assert.deepEqual([quick.closed, quick.seqs.length], [false, 100_000])
  quick.close()
  await waiting.until('both are gone', () => listeners.size === 0)
  await waiting[Symbol.asyncDispose]()
})

test('a reader that hears nothing is told that the stream lives, and one that goes away is forgotten', async () => {
  const { engine, listeners } = talkingEngine()
  const ending = new AbortController()
  const options = { engine, after: null, heartbeatMs: 20, stallMs: 10_000, ending: ending.signal, cut: () => undefined }
  const reader = eventStream(options).body?.getReader()
  const decoder = new TextDecoder()
  const next = async () => decoder.decode((await reader?.read())?.value)
  assert.deepEqual([await next(), await next()], ['event: service\ndata: {"name":"shop"}\n\n', ': still here\n\n'])
  await reader?.cancel()
  assert.equal(listeners.size, 0)
  const other = eventStream(options).body?.getReader()
  await other?.read()
  ending.abort()
  for (let turn = 0; turn < 3 && !((await other?.read())?.done ?? true); turn += 1);
  assert.equal(listeners.size, 0)
})
