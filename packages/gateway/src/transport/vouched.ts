import type { RequestIn } from './message.ts'

/** What the handshake has shown of a client. */
export interface Vouched {
  /** Under which name versions get it, in lower case. */
  readonly header: string
  /** Null: it has shown no certificate, or one without a subject. */
  readonly subject: string | null
}

/** Puts into a request who its client is, in the place of what it says so itself: from here on it is a header like any other. */
export function vouch(request: Pick<RequestIn, 'headers' | 'rawHeaders'>, { header, subject }: Vouched): void {
  const { headers, rawHeaders } = request
  const list = rawHeaders as string[]
  for (let i = list.length - 2; i >= 0; i -= 2) {
    const name = list[i]?.toLowerCase() ?? ''
    if (!isLike(name, header)) continue
    list.splice(i, 2)
    Reflect.deleteProperty(headers, name)
  }
  // A client may name headers that are not to be passed on: not this one.
  if (headers.connection !== undefined) headers.connection = withoutToken(headers.connection, header)
  if (subject === null) return
  list.push(header, subject)
  headers[header] = subject
}

/** Many servers make one of both. */
function isLike(name: string, header: string): boolean {
  return name.replaceAll('_', '-') === header.replaceAll('_', '-')
}

function withoutToken(tokens: string, token: string): string {
  return tokens
    .split(',')
    .filter((one) => one.trim().toLowerCase() !== token)
    .join(',')
}
