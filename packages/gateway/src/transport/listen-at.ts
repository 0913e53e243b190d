import type { AddressInfo } from 'node:net'
import type { Certificates } from '../tls/certificates.ts'
import type { HttpTransport } from './http.ts'

/** Where a gateway is to listen. */
export interface Where {
  readonly host: string
  readonly port: number
  readonly preview?: { readonly host: string; readonly port: number }
}

/** Where clients reach it. */
export interface Addresses {
  readonly address: string
  readonly previewAddress: string | null
}

/** Opens the addresses of a gateway, for TLS if there are certificates. The whole start fails when the second address is taken, and nothing listens then; the error says which it was. */
export async function listenAt(
  transport: HttpTransport,
  { host, port, preview }: Where,
  certificates: Certificates | null,
): Promise<Addresses> {
  const scheme = certificates === null ? 'http' : 'https'
  const address = urlOf(scheme, await transport.listen(host, port, { certificates }))
  if (preview === undefined) return { address, previewAddress: null }
  try {
    const taken = await transport.listen(preview.host, preview.port, { preview: true, certificates })
    return { address, previewAddress: urlOf(scheme, taken) }
  } catch (error) {
    await transport.leave(0)
    throw Object.assign(error instanceof Error ? error : new Error(String(error)), { listener: 'preview' })
  }
}

function urlOf(scheme: 'http' | 'https', { address, port }: AddressInfo): string {
  return `${scheme}://${hostAndPort(address, port)}`
}

/** Both, as they stand in an address. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The port of an address, also where it is the usual one and so is not named. */
export function portIn(address: string): number {
  const { port, protocol } = new URL(address)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}
