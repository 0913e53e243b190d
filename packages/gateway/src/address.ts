/** The address of a client, IPv4 as such. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** An address of a list that proxies write, without its port, IPv4 as such. */
export function bareAddress(listed: string): string {
  const text = listed.trim()
  const bare =
    /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.replace(/:\d+$/, '') : text)
  return bare.replace(/^::ffff:(?=[\d.]+$)/i, '')
}
