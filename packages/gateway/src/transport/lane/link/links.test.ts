import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linksOf, transportOf } from './choose.ts'
import { internalsOfNode } from './internals.ts'
import type { Link, Links } from './link.ts'
import { netLinks } from './net-links.ts'
import { rawLinks } from './raw-links.ts'
import { faultOf } from './self-test.ts'

/** Links with one thing about them changed. */
function spoilt(change: (link: Link) => void): Links {
  return {
    take: (socket, user) => {
      const link = netLinks.take(socket, user)
      change(link)
      return link
    },
    open: (place, user) => {
      const link = netLinks.open(place, user)
      change(link)
      return link
    },
  }
}

test('the self-test finds nothing wrong with either kind of links', async () => {
  const internals = internalsOfNode()
  assert.ok(internals !== null, 'the Node that Serin is developed with shows its internals')
  assert.equal(await faultOf(rawLinks(internals)), null)
  assert.equal(await faultOf(netLinks), null)
})

test('the self-test finds links that lose bytes, change them, or do not hold back', async () => {
  let written = 0
  const loses = spoilt((link) => {
    const write = link.write.bind(link)
    link.write = (bytes) => ((written += 1) === 5 ? undefined : write(bytes))
  })
  assert.match(String(await faultOf(loses)), /changed/)
  const changes = spoilt((link) => {
    const write = link.write.bind(link)
    link.write = (bytes) => {
      bytes[7] = 255
      write(bytes)
    }
  })
  assert.match(String(await faultOf(changes)), /changed/)
  assert.match(String(await faultOf(spoilt((link) => (link.pause = () => {})))), /not held back|has read/)
  const broken = spoilt((link) => {
    link.write = () => {
      throw new Error('no such call')
    }
  })
  assert.equal(await faultOf(broken), 'no such call')
})

test('what SERIN_TRANSPORT asks for has to be one of the transports, and `auto` finds one', async () => {
  for (const asked of ['auto', 'raw', 'net', 'http'] as const) assert.equal(transportOf(asked), asked)
  assert.equal(transportOf(undefined), 'auto')
  assert.throws(() => transportOf('fast'), /not "fast"/)
  const told: string[] = []
  const log = (event: string): number => told.push(event)
  assert.equal(await linksOf('http', log), null)
  assert.equal(await linksOf('net', log), netLinks)
  assert.notEqual(await linksOf('auto', log), netLinks)
  assert.deepEqual(told, [])
})

test('a Node that hides its internals is served by its public sockets, and `raw` says why it cannot be', async () => {
  const hidden = Object.getOwnPropertyDescriptor(process, 'binding')
  Object.defineProperty(process, 'binding', {
    configurable: true,
    value: () => {
      throw new Error('no access')
    },
  })
  try {
    const told: string[] = []
    assert.equal(await linksOf('auto', (event, { message }) => told.push(`${event}: ${String(message)}`)), netLinks)
    assert.match(told.join('\n'), /^gateway\.transport: The raw transport does not work .* does not show its internals/)
    await assert.rejects(
      linksOf('raw', () => {}),
      /Set auto or net/,
    )
  } finally {
    if (hidden === undefined) Reflect.deleteProperty(process, 'binding')
    else Object.defineProperty(process, 'binding', hidden)
  }
})
