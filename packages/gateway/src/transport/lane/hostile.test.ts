import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { testFastLane } from '../../testing/lanes.ts'
import { openWorld, send, sendRaw, tableOf, until } from '../../testing/servers.ts'
import type { World } from '../../testing/servers.ts'
import type { Gateway } from '../../gateway.ts'
import type { Limits } from '../../limits.ts'

/** An upstream on bare TCP, all that came to it, and a gateway before it. */
interface Given {
  readonly gateway: Gateway
  readonly address: string
  readonly port: number
  /** What came over each of its connections. */
  readonly came: { text: string; closed: boolean }[]
}

async function given(
  world: World,
  answer: (socket: Socket, text: string) => void,
  limits: Partial<Limits> = {},
): Promise<Given> {
  const came: Given['came'] = []
  const server = createServer((socket) => {
    const one = { text: '', closed: false }
    came.push(one)
    socket.setEncoding('latin1').on('error', () => {})
    socket.on('close', () => (one.closed = true))
    socket.on('data', (text: string) => {
      one.text += text
      answer(socket, one.text)
    })
  }).listen(0, '127.0.0.1')
  server.unref()
  await once(server, 'listening')
  const at = server.address()
  assert.ok(at !== null && typeof at === 'object')
  const gateway = await world.gateway({ limits })
  await gateway.apply(tableOf(1, 0, { v1: [`http://127.0.0.1:${at.port}`], v2: [] }))
  return { gateway, address: gateway.identity.address, port: at.port, came }
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const post = 'POST / HTTP/1.1\r\nHost: a\r\n'
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`

function open({ address }: Given): { readonly socket: Socket; readonly text: () => string } {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname).setEncoding('latin1')
  let text = ''
  socket.on('error', () => {}).on('data', (more: string) => (text += more))
  return { socket, text: () => text }
}

testFastLane(
  'a broken chunk ends the request on both sides: the upstream never sees its end, nor what came behind',
  async () => {
    await using world = await openWorld()
    const world1 = await given(world, () => {})
    const breaks = [
      'zz\r\n',
      '5\r\nhelloX\r\n',
      '5\r\nhello\n',
      '5\nhello\r\n',
      '000000005\r\nhello\r\n',
      '5 \r\nhello\r\n',
      '5\r\nhello\r\n-1\r\n',
      '5;a\rb\r\nhello\r\n',
      '5;a\nhello\r\n',
      '0\r\nX: a\rb\r\n\r\n',
      '0\r\nTransfer-Encoding: chunked\r\n\r\n',
      '0\r\nX : 1\r\n\r\n',
      '0\r\n folded\r\n\r\n',
    ]
    for (const text of breaks) {
      const answer = await sendRaw(world1.address, chunked + text + smuggled)
      assert.match(answer, /^HTTP\/1\.1 400 [^]*connection: close/, JSON.stringify(text))
      assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1)
    }
    await until('nothing is in flight', () => world1.gateway.report().inFlight['v1'] === 0)
    await until('all are closed', () => world1.came.every(({ closed }) => closed))
    for (const { text } of world1.came) {
      assert.doesNotMatch(text, /smuggled/)
      assert.doesNotMatch(text, /\r\n0\r\n[^]*\r\n\r\n$/)
    }
    assert.equal(world1.gateway.report().abandoned['v1'], breaks.length, 'no version is charged')
  },
)

testFastLane('a request within a body stays a body', async () => {
  await using world = await openWorld()
  const it = await given(world, (socket, text) => text.endsWith('\r\n\r\n') && socket.end(ok))
  const framed = [
    `${post}Connection: close\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    `${post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)};x="y"\r\n${smuggled}\r\n0\r\n\r\n`,
  ]
  for (const text of framed) {
    const answer = await sendRaw(it.address, text)
    assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 1)
  }
  assert.equal(it.gateway.report().inFlight['v1'], 0)
})

testFastLane(
  'an answer in which a line could be split, or its end is not clear, is a 502 and its connection is not used again',
  async () => {
    await using world = await openWorld()
    const heads = [
      'HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      'HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n',
      'ICY 200 OK\r\n\r\n',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`,
    ]
    let turn = -1
    const it = await given(world, (socket) => socket.write(heads[(turn += 1)] ?? ok))
    for (const head of heads) {
      const answer = await send(it.address)
      assert.equal(answer.status, 502, JSON.stringify(head.slice(0, 80)))
      assert.equal(answer.headers['set-cookie'], undefined)
    }
    assert.equal(it.came.length, heads.length)
  },
)

testFastLane(
  'an answer before the end of the request is seen, and the connection goes on when the rest has come',
  async () => {
    await using world = await openWorld()
    const it = await given(world, (socket, text) => {
      if (text.endsWith('\r\n\r\nhalf')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
      else if (text.includes('GET /next')) socket.write(ok)
    })
    const one = open(it)
    one.socket.write(`${post}Content-Length: 8\r\n\r\nhalf`)
    await until('the answer is there', () => one.text().includes('413'))
    one.socket.write('restGET /next HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the next one is answered', () => one.text().endsWith('ok'))
    one.socket.destroy()
    assert.equal(it.came.length, 2, 'the connection with a body that is not whole is not used again')
    const other = open(it)
    other.socket.write(`${post}Content-Length: 8\r\n\r\nhalf`)
    await until('it is closed when the rest does not come', () => other.socket.destroyed || other.socket.readableEnded)
    assert.match(other.text(), /413/)
    other.socket.destroy()
  },
)

testFastLane('more connections than the limit find nobody, and harm nobody', async () => {
  await using world = await openWorld()
  const it = await given(world, (socket) => socket.write(ok), { connections: 4 })
  const first = Array.from({ length: 4 }, () => open(it))
  await Promise.all(first.map(async ({ socket }) => await once(socket, 'connect')))
  const late = Array.from({ length: 20 }, () => open(it))
  await until('the late ones are gone', () => late.every(({ socket }) => socket.destroyed || socket.readableEnded))
  for (const { socket } of first) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until('the first are served', () => first.every(({ text }) => text().endsWith('ok')))
  for (const { socket } of [...first, ...late]) socket.destroy()
  await until(
    'there is room again',
    async () =>
      await send(it.address).then(
        ({ status }) => status === 200,
        () => false,
      ),
  )
})

testFastLane(
  'an upstream gets no more connections than its limit; whoever finds none waits, but not for ever',
  async () => {
    await using world = await openWorld()
    const waiting: Socket[] = []
    const it = await given(world, (socket) => waiting.push(socket), { connectionsPerEndpoint: 2, connectMs: 400 })
    const six = Array.from({ length: 6 }, () => open(it))
    for (const { socket } of six) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    for (let served = 0; served < 3; served += 1) {
      await until('two are there', () => waiting.length === 2)
      assert.equal(it.came.length, 2)
      for (const socket of waiting.splice(0)) socket.write(ok)
    }
    await until('all are answered', () => six.every(({ text }) => text().endsWith('ok')))
    for (const { socket } of six) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('four have waited in vain', () => six.filter(({ text }) => text().includes(' 502 ')).length === 4)
    for (const { socket } of six) socket.destroy()
    await until('nothing is in flight', () => it.gateway.report().inFlight['v1'] === 0)
  },
)

testFastLane('an answer whose end is that of its connection is not whole when the connection breaks', async () => {
  await using world = await openWorld()
  const it = await given(world, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nhalf')
    setTimeout(() => socket.resetAndDestroy(), 50)
  })
  const text = await sendRaw(it.address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(text, /half\r\n$/, 'the last chunk is missing')
  await until('nothing is in flight', () => it.gateway.report().inFlight['v1'] === 0)
})

testFastLane('a connection is not used again when its upstream has said that it will end by then', async () => {
  await using world = await openWorld()
  const once_ = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=5\r\nContent-Length: 2\r\n\r\nok'
  const it = await given(world, (socket, text) => socket.write(text.includes('/long') ? ok : once_))
  for (let i = 0; i < 3; i += 1) await send(it.address)
  assert.equal(it.came.length, 3)
  for (let i = 0; i < 3; i += 1) await send(it.address, { path: '/long' })
  assert.equal(it.came.length, 4)
})

testFastLane('a request that is sent again finds a new connection also when no more are allowed', async () => {
  await using world = await openWorld()
  const it = await given(
    world,
    (socket, text) => {
      if (text.split('GET').length === 3) socket.destroy()
      else socket.write(ok)
    },
    { connectionsPerEndpoint: 2 },
  )
  for (let round = 0; round < 4; round += 1) {
    const answers = await Promise.all([send(it.address), send(it.address)])
    for (const { status } of answers) assert.equal(status, 200)
  }
})

testFastLane('a name with addresses of which one listens is connected to', async () => {
  await using world = await openWorld()
  const it = await given(world, (socket) => socket.write(ok))
  const table = tableOf(2, 0, { v1: [`http://localhost:${it.port}`], v2: [] })
  assert.equal(await it.gateway.apply(table).then((answer) => typeof answer), 'object')
  for (let i = 0; i < 3; i += 1) assert.equal((await send(it.address)).body.toString(), 'ok')
})
