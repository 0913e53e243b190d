import { internalsOfNode } from './internals.ts'
import type { Links } from './link.ts'
import { netLinks } from './net-links.ts'
import { rawLinks } from './raw-links.ts'
import { faultOf } from './self-test.ts'

/** How bytes come and go: `raw` and `net` have the fast lane before the full one, `http` has the full lane alone, `auto` the fastest that works. */
export type Transport = 'raw' | 'net' | 'http' | 'auto'

/** What `SERIN_TRANSPORT` asks for. Throws when there is no such transport. */
export function transportOf(asked = 'auto'): Transport {
  if (asked === 'auto' || asked === 'raw' || asked === 'net' || asked === 'http') return asked
  throw new Error(`SERIN_TRANSPORT is auto, raw, net or http, not "${asked}".`)
}

/**
 * The links of a transport, null when it has no fast lane. `auto` takes the raw ones where they work, and says so where they do not; rejects when
 * they are asked for by name and do not work.
 */
export async function linksOf(
  asked: Transport,
  log: (event: string, fields: Readonly<Record<string, unknown>>) => void,
): Promise<Links | null> {
  if (asked === 'http') return null
  if (asked === 'net') return netLinks
  const internals = internalsOfNode()
  const links = internals === null ? null : rawLinks(internals)
  const fault = links === null ? 'this Node does not show its internals' : await faultOf(links)
  if (links !== null && fault === null) return links
  if (asked === 'raw')
    throw new Error(`SERIN_TRANSPORT=raw does not work with Node ${process.version}: ${fault}. Set auto or net.`)
  log('gateway.transport', {
    transport: 'net',
    message: `The raw transport does not work with Node ${process.version}: ${fault}. The public one is used, which is slower.`,
  })
  return netLinks
}
