import type { Limits } from '../limits.ts'
import type { RequestIn } from './message.ts'

/** Why a request is not passed on: a status and a sentence. */
export interface Refusal {
  readonly status: number
  readonly detail: string
}

const hostText = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:\d{0,5})?$/
const targetText = /^[\x21-\x7e]+$/
const lengthText = /^\d{1,15}$/

/**
 * What Node's strict parser lets through and a gateway must not: anything two servers could read in two ways. Null when the request is
 * sound. The connection is closed after a refusal, so nothing that follows is parsed.
 */
export function refusalOf(request: RequestIn, limits: Limits): Refusal | null {
  const { rawHeaders } = request
  if (rawHeaders.length > limits.headers * 2) return { status: 431, detail: `More than ${limits.headers} headers.` }
  const found = { hosts: 0, lengths: 0, encodings: 0 }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    if (name === 'host') {
      found.hosts += 1
      if (!hostText.test(value)) return bad('The Host header is no host.')
    } else if (name === 'content-length') {
      found.lengths += 1
      if (!lengthText.test(value)) return bad('The Content-Length is no length.')
    } else if (name === 'transfer-encoding') {
      found.encodings += 1
      if (value.toLowerCase() !== 'chunked') return bad('The only Transfer-Encoding taken is exactly "chunked".')
    }
  }
  return framingRefusal(request, found) ?? targetRefusal(request)
}

function framingRefusal(
  request: RequestIn,
  { hosts, lengths, encodings }: { hosts: number; lengths: number; encodings: number },
): Refusal | null {
  if (hosts > 1) return bad('More than one Host header.')
  if (hosts === 0 && request.httpVersion === '1.1') return bad('There must be a Host header.')
  if (lengths > 1) return bad('More than one Content-Length.')
  if (encodings > 1) return bad('More than one Transfer-Encoding.')
  if (lengths > 0 && encodings > 0) return bad('Both Content-Length and Transfer-Encoding.')
  if (encodings > 0 && request.httpVersion !== '1.1') return bad('Transfer-Encoding needs HTTP/1.1.')
  if (request.httpVersionMajor !== 1) return { status: 505, detail: 'Only HTTP/1.0 and HTTP/1.1 are spoken here.' }
  const expected = request.headers.expect?.toLowerCase() ?? '100-continue'
  if (expected !== '100-continue') return { status: 417, detail: 'Only "Expect: 100-continue" is known.' }
  const nominated = request.headers.connection?.toLowerCase() ?? ''
  if (/(^|[\s,])(content-length|transfer-encoding|host)($|[\s,])/.test(nominated)) {
    return bad('The Connection header names a header that frames the message.')
  }
  return null
}

function targetRefusal(request: RequestIn): Refusal | null {
  const target = request.url ?? ''
  if (!targetText.test(target)) return bad('The request target holds characters that are not allowed.')
  if (target === '*') return request.method === 'OPTIONS' ? null : bad('The target "*" is for OPTIONS only.')
  if (!target.startsWith('/')) return bad('The request target must be a path.')
  return null
}

/** The path of a target that names the host, as clients of a proxy write it; only where it is the very host of the Host header. Else as it was. */
export function originForm({ url = '', headers }: Pick<RequestIn, 'url' | 'headers'>): string {
  const [, host, path = ''] = /^http:\/\/([^/?#]+)(\/.*)$/i.exec(url) ?? []
  return host !== undefined && host.toLowerCase() === headers.host?.toLowerCase() ? path : url
}

function bad(detail: string): Refusal {
  return { status: 400, detail }
}

/** Whether a body follows the head, by the only two signs there are. */
export function hasBody(request: Pick<RequestIn, 'headers'>): boolean {
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined) return true
  return headers['content-length'] !== undefined && Number(headers['content-length']) > 0
}
