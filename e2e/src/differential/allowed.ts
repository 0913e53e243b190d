import type { Finding } from './compare.ts'
import { readStrictly } from './strict-reader.ts'

/** What is otherwise than nginx, HAProxy and the strict reader have it, and why it stays so. */
interface Allowed {
  readonly kind: Finding['kind']
  readonly why: string
  readonly fits: (bytes: string) => boolean
}

/** Known to Node's parser; without CONNECT. */
const methods = new Set(
  'ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  ),
)
const line =
  (...patterns: readonly RegExp[]) =>
  (bytes: string): boolean =>
    patterns.some((pattern) => pattern.test(bytes))

/** Every deviation has its reason here; what fits none of them fails the test. */
const allowed: readonly Allowed[] = [
  {
    kind: 'refused alone',
    why: 'Heads above the limits of the gateway: 16 KB and 100 fields.',
    fits: (bytes) => bytes.length > 16_000 || bytes.split('\r\n').length > 100,
  },
  {
    kind: 'refused alone',
    why: 'A method that nobody has registered: the parser of Node does not know it.',
    fits: (bytes) => readStrictly(bytes).seen.some(({ method }) => !methods.has(method)),
  },
  {
    kind: 'refused alone',
    why: 'A target that is no path and does not name the very host of the request: it could go to two places. "*" is for OPTIONS.',
    fits: (bytes) =>
      readStrictly(bytes).seen.some(
        ({ method, target }) => !target.startsWith('/') && !(target === '*' && method === 'OPTIONS'),
      ),
  },
  {
    kind: 'refused alone',
    why: 'A Host that is no host and port.',
    fits: line(/^host:(?! *(?:[\w.-]+|\[[0-9a-f:.]+\])?(?::\d{0,5})? *\r$)/im),
  },
  {
    kind: 'refused alone',
    why: 'A Connection header that names what frames the message: who obeys it would take that away.',
    fits: line(/^connection:.*\b(?:content-length|transfer-encoding|host)\b/im),
  },
  {
    kind: 'refused alone',
    why: 'An expectation that nobody knows: 417.',
    fits: line(/^expect:(?! *100-continue *\r$)/im),
  },
  ...(['beyond', 'lanes differ'] as const).map((kind) => ({
    kind,
    why: 'The parser of Node takes more than one space before the version; what is passed on has one.',
    fits: line(/^\S+ \S+ {2,}HTTP\/1/m),
  })),
  ...(['beyond', 'lanes differ'] as const).map((kind) => ({
    kind,
    why: 'The fast lane refuses trailers that frame a message or name a host, the full lane leaves them out.',
    fits: line(/\r\n0+(?:;.*)?\r\n(?:.+\r\n)*(?:host|content-length|transfer-encoding):/im),
  })),
  ...(['beyond', 'lanes differ'] as const).map((kind) => ({
    kind,
    why: 'The parser of Node takes zeros before the size of a chunk, however many; what is passed on has none.',
    fits: line(/^0[0-9a-f]{8,}(?:;.*)?\r$/im),
  })),
  ...(['refused alone', 'lanes differ'] as const).map((kind) => ({
    kind,
    why: 'The parser of Node refuses an extension of a chunk that has a tab, or no name.',
    fits: line(/^[0-9a-f]+;(?:.*\t| *[;\r])/im),
  })),
  {
    kind: 'lanes differ',
    why: 'CONNECT behind a request that is not answered yet ends the connection in the full lane: Node has let go of it.',
    fits: line(/^CONNECT /m),
  },
  {
    kind: 'taken alone',
    why: 'GET, HEAD and DELETE of HTTP/1.0 with a body: HAProxy refuses them because old servers leave the body; here they go on as HTTP/1.1.',
    fits: line(/ HTTP\/1\.0\r$/m),
  },
]

/** The findings that nothing explains. */
export function unexplained(findings: readonly Finding[], bytes: string): readonly Finding[] {
  return findings.filter(({ kind }) => !allowed.some((one) => one.kind === kind && one.fits(bytes)))
}
