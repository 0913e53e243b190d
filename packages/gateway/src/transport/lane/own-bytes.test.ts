import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { testFastLane } from '../../testing/lanes.ts'
import { openWorld, sendRaw, tableOf, until } from '../../testing/servers.ts'
import { defaultLimits } from '../../limits.ts'

const upTo = (most: number): number => Math.floor(Math.random() * (most + 1))

/** Says what it was asked, after a while; now and then it ends a connection that could be used again, without a word. */
const echo: RequestListener = (request, response) => {
  const body = JSON.stringify([request.url, request.headers['x-request-id'], request.headers['x-pad']])
  setTimeout(() => {
    response.end(body)
    if (upTo(3) === 0) setTimeout(() => request.socket.destroy(), upTo(3))
  }, upTo(4))
}

/** As often as not it cannot. */
const unable: RequestListener = (request, response) => {
  if (upTo(1) === 0) echo(request, response)
  else response.writeHead(503).end('x'.repeat(upTo(50_000)))
}

testFastLane(
  'a request that waits, is sent again, or is answered by stable stays what it was, whatever others send meanwhile',
  async () => {
    await using world = await openWorld()
    const [v1, v2] = [await world.upstream(echo), await world.upstream(unable)]
    const gateway = await world.gateway({ limits: { ...defaultLimits, connectionsPerEndpoint: 3 } })
    await gateway.apply(tableOf(1, 5_000, { v1: [`${v1}/base`, v1], v2: [v2] }))
    const client = async (name: number): Promise<void> => {
      for (let i = 0; i < 15; i += 1) {
        const id = upTo(1) === 0 ? null : `id-${name}-${i}`
        const pad = 'p'.repeat(upTo(1) === 0 ? upTo(100) : upTo(5_000))
        const path = `/${name}/${i}`
        const lines = [`GET ${path} HTTP/1.1`, 'Host: a', `X-User: ${name}-${i}`, `X-Pad: ${pad}`, 'Connection: close']
        if (id !== null) lines.push(`X-Request-Id: ${id}`)
        const answer = await sendRaw(gateway.identity.address, `${lines.join('\r\n')}\r\n\r\n`)
        assert.match(answer, /^HTTP\/1\.1 200 /, answer.slice(0, 500))
        const [head = '', body = ''] = answer.split('\r\n\r\n')
        const [url, seenId, seenPad] = JSON.parse(body.slice(body.indexOf('['), body.lastIndexOf(']') + 1)) as string[]
        assert.equal(url?.replace('/base', ''), path)
        assert.equal(seenPad ?? '', pad)
        assert.equal(seenId, id ?? /serin-request: (\S+)/.exec(head)?.[1])
        assert.equal(seenId, /x-request-id: (\S+)/.exec(head)?.[1])
      }
    }
    await Promise.all(Array.from({ length: 24 }, async (_, name) => await client(name)))
    await until('nothing is in flight', () => Object.values(gateway.report().inFlight).every((count) => count === 0))
  },
)
