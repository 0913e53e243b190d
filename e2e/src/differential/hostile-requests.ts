import {
  connections,
  encodings,
  hosts,
  inserted,
  lasts,
  lengths,
  methods,
  sizes,
  spellings,
  targets,
  versions,
} from './spellings.ts'

/** Bytes of one client, as Latin-1, and how they came about. */
export interface Hostile {
  readonly name: string
  readonly bytes: string
}

/** A well-formed request that ends the connection: it shows where a reader thinks that the requests before it have ended. */
export const sentinel = 'GET /sentinel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** Chance that comes again with its seed (xorshift32). */
export function chanceOf(seed: number): (below: number) => number {
  let state = (seed | 0) === 0 ? 1 : seed | 0
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

interface Draft {
  method: string
  target: string
  version: string
  /** Header lines, each without its end. */
  fields: string[]
  body: string
  before: string
}

type Chance = ReturnType<typeof chanceOf>

function base(chance: Chance, at: number): Draft {
  const one = (method: string, fields: string[], body = ''): Draft => ({
    method,
    target: `/r${at}`,
    version: 'HTTP/1.1',
    fields: ['Host: a', ...fields],
    body,
    before: '',
  })
  const bases = [
    () => one('GET', []),
    () => one('GET', ['X-User: u1', 'Accept: */*', 'Cookie: a=b; c=d']),
    () => one('HEAD', []),
    () => one('POST', ['Content-Length: 5'], 'hello'),
    () => one('PUT', ['content-length: 0']),
    () => one('POST', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    () =>
      one(
        'PUT',
        ['transfer-encoding: chunked', 'Trailer: X-T'],
        '3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
      ),
    () => one('DELETE', ['Content-Length: 3'], 'abc'),
    () => one('OPTIONS', []),
    () => one('GET', ['Content-Length: 5'], 'hello'),
    // A body that is a request itself: whoever misses its beginning serves it.
    () => one('POST', [`Content-Length: ${hidden.length}`], hidden),
    () => one('POST', ['Transfer-Encoding: chunked'], `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`),
    () => ({ ...one('GET', ['Connection: keep-alive']), version: 'HTTP/1.0' }),
  ]
  return bases[chance(bases.length)]?.() ?? one('GET', [])
}

const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'

type Mutation = (draft: Draft, chance: Chance) => void

const of = (list: readonly string[], chance: Chance): string => list[chance(list.length)] ?? ''
const put = (draft: Draft, line: string, chance: Chance): void => {
  draft.fields.splice(chance(draft.fields.length + 1), 0, line)
}

/** What is done to a request, by name. */
const mutations: Readonly<Record<string, Mutation>> = {
  length: (draft, chance) => put(draft, `Content-Length: ${of(lengths, chance)}`, chance),
  encoding: (draft, chance) => put(draft, `Transfer-Encoding: ${of(encodings, chance)}`, chance),
  spelling: (draft, chance) => {
    const [name, value] = chance(2) === 0 ? ['Content-Length', of(lengths, chance)] : ['Transfer-Encoding', 'chunked']
    put(draft, of(spellings, chance).replace('%s', name) + value, chance)
  },
  'length as it was': (draft, chance) => {
    draft.fields = draft.fields.map((line) =>
      /^content-length/i.test(line) ? `Content-Length: ${of(lengths, chance)}` : line,
    )
  },
  'encoding as it was': (draft, chance) => {
    draft.fields = draft.fields.map((line) =>
      /^transfer-encoding/i.test(line)
        ? of(spellings, chance).replace('%s', 'Transfer-Encoding') + of(encodings, chance)
        : line,
    )
  },
  host: (draft, chance) => put(draft, of(hosts, chance), chance),
  'another host': (draft, chance) => (draft.fields[0] = of(hosts, chance)),
  'no host': (draft) => (draft.fields = draft.fields.filter((line) => !line.startsWith('Host'))),
  target: (draft, chance) => (draft.target = of(targets, chance)),
  method: (draft, chance) => (draft.method = of(methods, chance)),
  version: (draft, chance) => (draft.version = of(versions, chance)),
  connection: (draft, chance) => put(draft, `Connection: ${of(connections, chance)}`, chance),
  size: (draft, chance) => (draft.body = draft.body.replace(/^[0-9a-f]+/i, of(sizes, chance))),
  last: (draft, chance) => (draft.body = draft.body.replace(/0\r\n(X-T: 1\r\n)?\r\n$/, of(lasts, chance))),
  'body cut': (draft, chance) => (draft.body = draft.body.slice(0, chance(draft.body.length + 1))),
  'body longer': (draft, chance) => (draft.body += of(['x', '\r\n', hidden, '\n', '\0'], chance)),
  'many fields': (draft) => draft.fields.push(...Array.from({ length: 120 }, (_, i) => `X-${i}: ${i}`)),
  'long field': (draft) => draft.fields.push(`X-Long: ${'x'.repeat(9_000)}`),
  expect: (draft, chance) =>
    put(draft, `Expect: ${of(['100-continue', '100-Continue', '200-ok', ''], chance)}`, chance),
  'empty lines first': (draft, chance) => (draft.before = of(['\r\n', '\r\n\r\n', '\n', '\r', ' \r\n', '\0'], chance)),
}

/** Makes the bytes of a client: one to three requests in a row, of which one or more are spoiled, and the sentinel. */
export function hostileOf(seed: number): Hostile {
  const chance = chanceOf(seed * 2_654_435_761 + 97)
  for (let i = 0; i < 8; i += 1) chance(2)
  const drafts = Array.from({ length: 1 + (chance(3) === 0 ? chance(3) : 0) }, (_, at) => base(chance, at))
  const names = Object.keys(mutations)
  const done: string[] = []
  const spoiled = drafts[chance(drafts.length)] ?? base(chance, 0)
  for (let left = 1 + chance(3); left > 0; left -= 1) {
    const name = of(names, chance)
    done.push(name)
    mutations[name]?.(spoiled, chance)
  }
  let text = drafts.map(textOf).join('')
  if (chance(3) === 0) {
    done.push('bytes')
    for (let left = 1 + chance(2); left > 0; left -= 1) {
      const at = chance(text.length)
      text = text.slice(0, at) + of(inserted, chance) + text.slice(at + chance(3))
    }
  }
  if (chance(12) === 0) {
    done.push('ends of lines')
    text = text.replaceAll('\r\n', '\n')
  }
  return { name: `${seed}: ${done.join(', ')}`, bytes: text + sentinel }
}

function textOf({ method, target, version, fields, body, before }: Draft): string {
  const first = version === '' ? `${method} ${target}` : `${method} ${target} ${version}`
  return `${before}${[first, ...fields].join('\r\n')}\r\n\r\n${body}`
}
