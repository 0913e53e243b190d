import { isIP } from 'node:net'

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** What one proxy says of a request in `Forwarded` (RFC 7239). */
export function forwardedElement({
  address,
  host,
  encrypted,
}: {
  readonly address: string
  readonly host: string | undefined
  readonly encrypted: boolean
}): string {
  const named = host === undefined || host === '' ? '' : `;host=${quoted(host)}`
  return `for=${nodeOf(address)}${named};proto=${encrypted ? 'https' : 'http'}`
}

/** IPv6 stands in brackets, and so in quotes; its zone means nothing to others. */
function nodeOf(address: string): string {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  return family === 4 ? bare : family === 6 ? `"[${bare}]"` : 'unknown'
}

function quoted(value: string): string {
  return token.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}
