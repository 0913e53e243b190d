import { SerinError } from '@serin/spec'
import type { Service } from '@serin/spec'
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'

/** Where clients reach a proxy. */
export interface Addresses {
  readonly listen: string
  /** Where canary answers whatever its share is. */
  readonly preview: string | null
}

/** The addresses that a service names, as `host:port`. */
export function addressesOf(listen: Service['listen'], preview: Service['preview']): Addresses {
  return { listen: hostAndPort(listen), preview: preview === undefined ? null : hostAndPort(preview) }
}

/** The same as URLs, for an observation. */
export function urlsOf({ listen, preview }: Addresses): { readonly address: string; readonly previewAddress?: string } {
  return { address: `http://${listen}`, ...(preview === null ? {} : { previewAddress: `http://${preview}` }) }
}

/** Host, without brackets, and port of a `host:port`. */
export function partsOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replaceAll(/[[\]]/g, ''), port: Number(address.slice(at + 1)) }
}

/** Why nobody can listen on a `host:port` now; null when one can. */
export async function refusalAt(address: string): Promise<NodeJS.ErrnoException | null> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', resolve)
    server.listen(partsOf(address), () => server.close(() => resolve(null)))
  })
}

/**
 * Starts with the addresses it had. Clients know them: a free port that was taken once is taken again, and another only when somebody else has it.
 * Resolves to those it started with.
 */
export async function startedAt(
  had: Addresses,
  told: Addresses,
  start: (addresses: Addresses) => Promise<void>,
): Promise<Addresses> {
  for (let attempt = 0; ; attempt += 1) {
    const { listen, preview } = attempt === 0 ? had : told
    const addresses = { listen: await withPort(listen), preview: preview === null ? null : await withPort(preview) }
    try {
      await start(addresses)
      return addresses
    } catch (error) {
      const free = told.listen.endsWith(':0') || told.preview?.endsWith(':0') === true
      if (!free || attempt === 2 || !(error instanceof SerinError) || error.code !== 'gateway.port-in-use') throw error
    }
  }
}

/** Host and port of a base address. Rejects one that a proxy would not be told rightly. */
export function serverOf(endpoint: string, product: string): string {
  const { protocol, hostname, port, pathname } = new URL(endpoint)
  if (protocol !== 'http:' || pathname !== '/')
    throw new SerinError(
      'gateway.failed',
      `${product} is told plain addresses only, such as http://127.0.0.1:3001: ${endpoint} is another.`,
    )
  return `${hostname}:${port === '' ? '80' : port}`
}

/** The same with the name looked up, for a proxy that takes numbers only. */
export async function numberOf(
  endpoint: string,
  product: string,
): Promise<{ readonly address: string; readonly port: number }> {
  const { host, port } = partsOf(serverOf(endpoint, product))
  try {
    const { address } = await lookup(host)
    return { address, port }
  } catch (cause) {
    throw new SerinError('gateway.failed', `${product} cannot be told the address of ${endpoint}: it is not found.`, {
      cause,
    })
  }
}

function hostAndPort(listen: Service['listen']): string {
  return typeof listen === 'number' ? `127.0.0.1:${listen}` : listen
}

async function withPort(address: string): Promise<string> {
  if (!address.endsWith(':0')) return address
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(partsOf(address), resolve)
  })
  const bound = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return `${address.slice(0, -2)}:${bound.port}`
}
