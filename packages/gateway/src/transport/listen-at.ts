import type { AddressInfo } from 'node:net'
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

/** Opens the addresses of a gateway. The whole start fails when the second address is taken, and nothing listens then; the error says which it was. */
export async function listenAt(transport: HttpTransport, { host, port, preview }: Where): Promise<Addresses> {
  const address = urlOf(await transport.listen(host, port))
  if (preview === undefined) return { address, previewAddress: null }
  try {
    return { address, previewAddress: urlOf(await transport.listen(preview.host, preview.port, { preview: true })) }
  } catch (error) {
    await transport.leave(0)
    throw Object.assign(error instanceof Error ? error : new Error(String(error)), { listener: 'preview' })
  }
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${hostAndPort(address, port)}`
}

/** Both, as they stand in an address. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
