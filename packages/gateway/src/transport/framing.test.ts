import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, send, sendRaw, tableOf, until } from '../testing/servers.ts'

/** Every head is followed by a second request that must never reach the upstream. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const refused: Readonly<Record<string, string>> = {
  'both lengths and chunks':
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunks and lengths':
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
  'two different lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
  'two equal lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
  'a list of lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello',
  'a signed length': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello',
  'a negative length': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello',
  'a length in hex': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello',
  'a huge length': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nhello',
  'an encoding before chunked': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'an unknown encoding': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'chunked twice': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
  'two encodings':
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
  'chunks in HTTP/1.0': 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a space before the colon': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello',
  'a space in a name': 'GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n',
  'a line that is folded at the start': 'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
  'a bare LF': 'GET / HTTP/1.1\nHost: a\n\n',
  'a bare CR in a value': 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n',
  'a NUL in a value': 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
  'no host': 'GET / HTTP/1.1\r\n\r\n',
  'two hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
  'a host that is none': 'GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n',
  'a bad chunk size': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n',
  'a chunk without its end': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz0\r\n\r\n',
  'an absolute target': 'GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n',
  'a control character in the target': 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n',
  'a raw byte in the target': 'GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n',
  CONNECT: 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/2 by name': 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
  'a nominated length': 'POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nhello',
  'no request at all': 'hello\r\n\r\n',
}

testBothLanes(
  'what two servers could read in two ways is refused, the connection ends, and nothing after it is served',
  async () => {
    await using world = await openWorld()
    const seen: string[] = []
    const v1 = await world.upstream((request, response) => {
      seen.push(request.url ?? '')
      request.resume()
      response.end('ok')
    })
    const gateway = await world.gateway()
    await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
    for (const [name, head] of Object.entries(refused)) {
      const text = await sendRaw(gateway.identity.address, head + smuggled)
      // A broken chunk is found when the request is already under way: then the connection just ends.
      assert.match(text, /^(HTTP\/1\.1 4\d\d |HTTP\/1\.1 50[125] |$)/, `${name}: ${text}`)
      assert.equal(text.match(/HTTP\/1\.1 \d/g)?.length ?? 0, text === '' ? 0 : 1, `${name}: one answer`)
    }
    assert.ok(!seen.includes('/smuggled'), 'nothing was smuggled')
    assert.equal((await send(gateway.identity.address)).status, 200, 'others are served')
  },
)

testBothLanes('a folded header reaches the upstream as one value or not at all', async () => {
  await using world = await openWorld()
  const seen: string[][] = []
  const v1 = await world.upstream((request, response) => {
    seen.push(request.rawHeaders)
    response.end('ok')
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  await sendRaw(
    gateway.identity.address,
    'GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
  )
  for (const headers of seen) assert.ok(!headers.some((text) => text.toLowerCase() === 'transfer-encoding'))
})

testBothLanes('pipelined requests are answered in order', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    setTimeout(() => response.end(`<${request.url ?? ''}>`), request.url === '/1' ? 50 : 0)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
  const text = await sendRaw(gateway.identity.address, get('/1') + get('/2') + get('/3'), '</3>')
  assert.deepEqual(text.match(/<\/\d>/g), ['</1>', '</2>', '</3>'])
})

testBothLanes('a request is not passed on before the one that was sent first is answered', async () => {
  await using world = await openWorld()
  const seen: string[] = []
  const v1 = await world.upstream((request, response) => {
    seen.push(`${request.url} comes`)
    request.resume().on('end', () =>
      setTimeout(() => {
        seen.push(`${request.url} is answered`)
        response.end(`<${request.url ?? ''}>`)
      }, 50),
    )
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const asked =
    'POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nokGET /2 HTTP/1.1\r\nHost: a\r\n\r\n'
  const text = await sendRaw(gateway.identity.address, asked, '</2>')
  assert.deepEqual(text.match(/<\/\d>/g), ['</1>', '</2>'])
  assert.deepEqual(seen, ['/1 comes', '/1 is answered', '/2 comes', '/2 is answered'])
})

testBothLanes('what came whole is answered before what came behind it is refused', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    request.resume()
    setTimeout(() => response.end(`<${request.url ?? ''}>`), 20)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const good =
    'GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok'
  for (const bad of [
    'GET /3 HTTP/1.1\r\nX : 1\r\n\r\n',
    'GET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /3 HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ]) {
    const text = await sendRaw(gateway.identity.address, good + bad)
    assert.deepEqual(
      text.match(/<\/\d>|HTTP\/1\.1 4\d\d/g)?.map((found) => found.replace('417', '400')),
      ['</1>', '</2>', 'HTTP/1.1 400'],
      bad,
    )
  }
})

testBothLanes('a target that names the host of the request is that of its path', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => response.end(`<${request.url ?? ''}>`))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const ask = async (target: string): Promise<string> =>
    await sendRaw(gateway.identity.address, `GET ${target} HTTP/1.1\r\nHost: shop:80\r\nConnection: close\r\n\r\n`)
  assert.match(await ask('http://SHOP:80/a?b=http://c/'), /<\/a\?b=http:\/\/c\/>/)
  for (const other of ['http://shop/a', 'http://x@shop:80/a', 'https://shop:80/a', 'http://shop:80'])
    assert.match(await ask(other), /^HTTP\/1\.1 400 /, other)
})

testBothLanes('trailers that are promised and cannot follow harm nobody', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    request.resume()
    response.socket?.end('HTTP/1.1 200 OK\r\nTrailer: X-T\r\nContent-Length: 2\r\n\r\nok')
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  for (const more of ['', 'Expect: 100-continue\r\n', 'Content-Length: 0\r\n']) {
    const text = await sendRaw(
      gateway.identity.address,
      `GET / HTTP/1.1\r\nHost: a\r\nTrailer: X-T\r\n${more}\r\n`,
      'ok',
    )
    assert.match(text, /HTTP\/1\.1 200 OK[^]*ok$/, more)
  }
})

testBothLanes('a request of HTTP/1.0 without a host is passed on with an empty one', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => response.end(`<${request.headers.host}>`))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  assert.match(await sendRaw(gateway.identity.address, 'GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK[^]*<>$/)
})

testBothLanes('too many or too large headers are a 431, a head that never ends a 408', async () => {
  await using world = await openWorld()
  const gateway = await world.gateway({ limits: { headMs: 200 } })
  const { address } = gateway.identity
  const many = Array.from({ length: 120 }, (_, i) => `X-${i}: 1\r\n`).join('')
  assert.match(await sendRaw(address, `GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(
    await sendRaw(address, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  )
  const { hostname, port } = new URL(address)
  const slow = connect(Number(port), hostname).setEncoding('latin1')
  let text = ''
  slow.on('data', (chunk: string) => (text += chunk))
  slow.on('error', () => {})
  slow.write('GET / HTTP/1.1\r\nHost: a\r\n')
  const drip = setInterval(() => slow.write('X: y\r\n'), 50)
  await until('the slow client is gone', () => slow.destroyed || slow.readableEnded)
  clearInterval(drip)
  slow.destroy()
  assert.match(text, /^HTTP\/1\.1 408 /)
})

testBothLanes('a request body that stops coming is a 408 and charges nobody', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    request.on('error', () => {}).on('end', () => response.end())
    request.resume()
  })
  const gateway = await world.gateway({ limits: { requestBodyIdleMs: 200 } })
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const text = await sendRaw(gateway.identity.address, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
  assert.match(text, /^HTTP\/1\.1 408 /)
  assert.deepEqual(gateway.report().abandoned['v1'], 1)
  assert.equal(gateway.report().inFlight['v1'], 0)
})
