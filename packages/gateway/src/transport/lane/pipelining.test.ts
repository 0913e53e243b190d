import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { EdgeSettings } from '@serin/spec'
import type { Gateway } from '../../gateway.ts'
import { testFastLane } from '../../testing/lanes.ts'
import { openWorld, tableOf, until } from '../../testing/servers.ts'
import type { World } from '../../testing/servers.ts'

const edge = { ...EdgeSettings.parse({}), pipelining: 8 }

/** An upstream that reads requests without bodies, however they are cut. */
interface Bare {
  readonly url: string
  /** How many requests came in one piece with others, at most. */
  most: number
  connections: number
}

/** Opens one; `answer` is called for each request of a connection, in order, with its place among those that came in one piece. */
async function openBare(
  answer: (socket: Socket, path: string, piece: { readonly at: number; readonly of: number }) => void,
): Promise<Bare> {
  const server = createServer((socket) => {
    bare.connections += 1
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const heads = (text + bytes.toString('latin1')).split('\r\n\r\n')
      text = heads.pop() ?? ''
      bare.most = Math.max(bare.most, heads.length)
      for (const [at, head] of heads.entries())
        answer(socket, /^\S+ (\S+)/.exec(head)?.[1] ?? '', { at, of: heads.length })
    })
  }).listen(0, '127.0.0.1')
  server.unref()
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const bare: Bare = { url: `http://127.0.0.1:${address.port}`, most: 0, connections: 0 }
  return bare
}

const ok = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`

async function gatewayTo(world: World, url: string): Promise<Gateway> {
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [url], v2: [] }, { edge }))
  return gateway
}

/** Clients that are connected, and ask all at once. */
class Crowd {
  readonly #sockets: Socket[]
  readonly answers: string[]

  constructor(sockets: Socket[]) {
    this.#sockets = sockets
    this.answers = sockets.map(() => '')
    for (const [i, socket] of sockets.entries())
      socket.on('error', () => {}).on('data', (bytes) => (this.answers[i] += bytes.toString('latin1')))
  }

  static async of(count: number, { identity }: Gateway): Promise<Crowd> {
    const { hostname, port } = new URL(identity.address)
    const sockets = Array.from({ length: count }, () => connect(Number(port), hostname))
    await Promise.all(sockets.map(async (socket) => await once(socket, 'connect')))
    return new Crowd(sockets)
  }

  socket(i: number): Socket {
    const socket = this.#sockets[i]
    assert.ok(socket !== undefined)
    return socket
  }

  /** What they got for this path each, with their number behind it. */
  async ask(path: string, method = 'GET'): Promise<readonly string[]> {
    this.answers.fill('')
    for (const [i, socket] of this.#sockets.entries())
      socket.write(
        `${method} ${path}${i} HTTP/1.1\r\nHost: a\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`,
      )
    await until('all are answered', () =>
      this.answers.every((text, i) => this.#sockets[i]?.destroyed === true || /\r\n\r\n./s.test(text)),
    )
    return this.answers.map((text) => text.slice(text.indexOf('\r\n\r\n') + 4))
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

const paths = (count: number, path: string): string[] => Array.from({ length: count }, (_, i) => `${path}${i}`)

testFastLane('requests that come together are sent together, and everybody gets the own answer', async () => {
  await using world = await openWorld()
  const pad = (): string => `X-Pad: ${'p'.repeat(Math.random() * 4_000)}\r\n`
  const v1 = await openBare((socket, path) => void socket.write(ok(path, pad())))
  const gateway = await gatewayTo(world, v1.url)
  const crowd = await Crowd.of(24, gateway)
  for (let round = 0; round < 20; round += 1) assert.deepEqual(await crowd.ask(`/${round}/`), paths(24, `/${round}/`))
  assert.ok(v1.most > 1 && v1.most <= 8, `${v1.most} in one piece`)
  crowd.leave()
})

testFastLane('nobody shares a write while versions are compared, nor does what changes something', async () => {
  await using world = await openWorld()
  const v1 = await openBare((socket, path) => void socket.write(ok(path)))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 100, { v1: [v1.url], v2: [v1.url] }, { edge }))
  const crowd = await Crowd.of(16, gateway)
  for (let round = 0; round < 5; round += 1) await crowd.ask('/')
  await gateway.apply(tableOf(2, 0, { v1: [v1.url], v2: [] }, { edge }))
  for (let round = 0; round < 5; round += 1) await crowd.ask('/', 'POST')
  assert.equal(v1.most, 1)
  await crowd.ask('/')
  assert.ok(v1.most > 1)
  crowd.leave()
})

/** Answers of what comes in one piece only the first, in another way. */
async function openSpoiled(spoil: (socket: Socket, path: string) => void): Promise<Bare> {
  return await openBare((socket, path, { at, of }) => {
    if (of === 1) socket.write(ok(path))
    else if (at === 0) spoil(socket, path)
  })
}

testFastLane('when an upstream ends or breaks a connection, those in line are answered elsewhere', async () => {
  const forms: readonly ((socket: Socket, path: string) => void)[] = [
    (socket, path) => void socket.end(ok(path, 'Connection: close\r\n')),
    (socket, path) => void socket.end(ok(path)),
    (socket, path) => void socket.write(ok(path), () => socket.destroy()),
    (socket) => void socket.destroy(),
  ]
  for (const spoil of forms) {
    await using world = await openWorld()
    const v1 = await openSpoiled(spoil)
    const gateway = await gatewayTo(world, v1.url)
    const crowd = await Crowd.of(12, gateway)
    for (let round = 0; v1.most < 2 && round < 50; round += 1)
      assert.deepEqual(await crowd.ask('/'), paths(12, '/'), String(spoil))
    assert.ok(v1.most > 1, String(spoil))
    crowd.leave()
    await until('nothing is in flight', () => gateway.report().inFlight['v1'] === 0)
  }
})

testFastLane(
  'behind an answer that is unsound nobody believes the connection, and nothing shares a write there again',
  async () => {
    await using world = await openWorld()
    const v1 = await openSpoiled((socket, path) => void socket.write(`${ok(path)}HTTP/1.1 200 OK\r\nbad line\r\n\r\n`))
    const gateway = await gatewayTo(world, v1.url)
    const crowd = await Crowd.of(8, gateway)
    await crowd.ask('/warm/')
    const answers = await crowd.ask('/spoil/')
    assert.equal(answers.filter((body) => body.includes('sound HTTP')).length, 1)
    assert.equal(answers.filter((body) => body.startsWith('/spoil/')).length, 7)
    assert.ok(v1.most > 1)
    v1.most = 0
    await crowd.ask('/later/')
    assert.equal(v1.most, 1)
    crowd.leave()
  },
)

testFastLane('who does not read, or leaves, holds up nobody in line', async () => {
  await using world = await openWorld()
  const v1 = await openBare((socket, path) => {
    socket.write(ok(path.startsWith('/big/0') ? 'x'.repeat(30_000_000) : path))
  })
  const gateway = await gatewayTo(world, v1.url)
  const crowd = await Crowd.of(8, gateway)
  await crowd.ask('/warm/')
  crowd.socket(0).pause()
  crowd.answers.fill('')
  for (let i = 0; i < 8; i += 1) crowd.socket(i).write(`GET /big/${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
  crowd.socket(3).destroy()
  await until('the others are answered', () =>
    [1, 2, 4, 5, 6, 7].every((i) => crowd.answers[i]?.endsWith(`/big/${i}`) === true),
  )
  assert.equal(crowd.answers[0], '')
  crowd.leave()
  await until('nothing is in flight', () => gateway.report().inFlight['v1'] === 0)
})
