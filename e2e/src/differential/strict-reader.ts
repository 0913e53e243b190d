/** A request as a strict reader sees it. */
export interface Seen {
  readonly method: string
  readonly target: string
  readonly body: string
}

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/
const fieldLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/
const sizeLine = /^([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?$/

/** What one of two servers in a row may read otherwise than the other. */
export class Oddity extends Error {}

interface Head {
  readonly method: string
  readonly target: string
  readonly chunked: boolean
  readonly length: number
  readonly asks: boolean
}

/**
 * Reads requests to the letter of RFC 9112, from bytes as Latin-1. It shares no line with the gateway: what both misread alike would stay unseen.
 * Throws an `Oddity` at whatever is not beyond doubt.
 */
export class StrictReader {
  #text = ''

  /** Takes more bytes; the requests that are whole now, and whether the next one asks for leave to send its body. */
  take(text: string): { readonly whole: readonly Seen[]; readonly asks: boolean } {
    this.#text += text
    const whole: Seen[] = []
    for (;;) {
      // Ends of lines before a request are nothing (RFC 9112 §2.2); nothing can hide in them.
      this.#text = this.#text.replace(/^[\r\n]+/, '')
      const end = this.#text.indexOf('\r\n\r\n')
      if (end === -1) return { whole, asks: false }
      const head = headOf(this.#text.slice(0, end))
      const rest = this.#text.slice(end + 4)
      const body = head.chunked ? chunksOf(rest) : lengthOf(rest, head.length)
      if (body === null) return { whole, asks: head.asks && rest === '' }
      whole.push({ method: head.method, target: head.target, body: body.text })
      this.#text = rest.slice(body.used)
    }
  }
}

/** All requests that a strict reader finds in the bytes of a client, and what it then stumbles over, if it does. */
export function readStrictly(bytes: string): { readonly seen: readonly Seen[]; readonly oddity: string | null } {
  const reader = new StrictReader()
  const seen: Seen[] = []
  try {
    // Head by head, so that what comes before the oddity is kept.
    for (const piece of bytes.split(/(?<=\r\n)/)) seen.push(...reader.take(piece).whole)
  } catch (error) {
    if (!(error instanceof Oddity)) throw error
    return { seen, oddity: error.message }
  }
  return { seen, oddity: null }
}

function headOf(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const line = requestLine.exec(first)
  if (line === null) throw new Oddity(`request line ${JSON.stringify(first)}`)
  const fields = lines.map(fieldOf)
  const values = (name: string): readonly string[] => fields.flatMap(([key, value]) => (key === name ? [value] : []))
  const [lengths, encodings, hosts] = [values('content-length'), values('transfer-encoding'), values('host')]
  if (lengths.length + encodings.length > 1) throw new Oddity(`framed twice: ${[...lengths, ...encodings].join(' | ')}`)
  if (hosts.length !== 1 && line[3] === '1') throw new Oddity(`${hosts.length} hosts`)
  const [length = '0'] = lengths
  if (!/^\d{1,15}$/.test(length)) throw new Oddity(`length ${length}`)
  const [encoding] = encodings
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || line[3] !== '1'))
    throw new Oddity(`encoding ${encoding}`)
  return {
    method: line[1] ?? '',
    target: line[2] ?? '',
    chunked: encoding !== undefined,
    length: Number(length),
    asks: values('expect').some((value) => value.toLowerCase() === '100-continue'),
  }
}

function fieldOf(text: string): readonly [name: string, value: string] {
  const field = fieldLine.exec(text)
  if (field === null) throw new Oddity(`header line ${JSON.stringify(text)}`)
  return [field[1]?.toLowerCase() ?? '', field[2] ?? '']
}

function lengthOf(text: string, length: number): { readonly text: string; readonly used: number } | null {
  return text.length < length ? null : { text: text.slice(0, length), used: length }
}

function chunksOf(text: string): { readonly text: string; readonly used: number } | null {
  let at = 0
  let body = ''
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return null
    const size = sizeLine.exec(text.slice(at, end))
    if (size === null) throw new Oddity(`chunk size ${JSON.stringify(text.slice(at, end))}`)
    const length = parseInt(size[1] ?? '', 16)
    at = end + 2
    if (length === 0) break
    if (text.length < at + length + 2) return null
    if (text.slice(at + length, at + length + 2) !== '\r\n') throw new Oddity('no end of line behind a chunk')
    body += text.slice(at, at + length)
    at += length + 2
  }
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return null
    const line = text.slice(at, end)
    at = end + 2
    if (line === '') return { text: body, used: at }
    const [name] = fieldOf(line)
    if (['content-length', 'transfer-encoding', 'host'].includes(name)) throw new Oddity(`trailer ${name}`)
  }
}
