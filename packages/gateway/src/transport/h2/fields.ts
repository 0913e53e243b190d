import type { IncomingHttpHeaders } from 'node:http'

/** Fields that belong to a connection of HTTP/1.1 and have no place in HTTP/2 (RFC 9113, 8.2.2). */
const ofConnections = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** A head of HTTP/2: what has a name with a colon, and the rest. */
export interface HeadIn {
  readonly pseudo: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly raw: string[]
}

/** Reads a head of HTTP/2 as one of HTTP/1.1: the crumbs of a cookie are one again. */
export function headIn(fields: readonly string[], headers: IncomingHttpHeaders): HeadIn {
  const pseudo: Record<string, string> = {}
  const raw: string[] = []
  const crumbs: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i], fields[i + 1]]
    if (name.startsWith(':')) pseudo[name] = value
    else if (name === 'cookie') crumbs.push(value)
    else raw.push(name, value)
  }
  if (crumbs.length > 0) raw.push('cookie', crumbs.join('; '))
  return { pseudo, raw, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':'))) }
}

/** A flat list of fields as HTTP/2 has them; `host` goes to `:authority`. */
export function fieldsOut(list: readonly string[]): { readonly fields: string[]; readonly host: string | undefined } {
  const fields: string[] = []
  let host: string | undefined
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = (list[i] ?? '').toLowerCase()
    const value = list[i + 1] ?? ''
    if (name === 'host') host = value
    else if (!ofConnections.has(name)) fields.push(name, value)
  }
  return { fields, host }
}
