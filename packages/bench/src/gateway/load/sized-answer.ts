import type { Answer } from './answer.ts'
import { sizedBody, versions } from './requests.ts'

const headEnd = Buffer.from('\r\n\r\n')
const status = 'HTTP/1.1 200 '
const longestHead = 16_384
const bodies = new Map<number, readonly { readonly version: string; readonly body: Buffer }[]>()

/** Reads answers of a size piece by piece: each byte is compared as it comes, none is kept. */
export class SizedAnswer {
  readonly #bodies: readonly { readonly version: string; readonly body: Buffer }[]
  readonly #length: RegExp
  #head: Buffer | null = null
  #found: { readonly version: string; readonly body: Buffer } | null = null
  #at = 0

  constructor(bytes: number) {
    this.#bodies = bodiesOf(bytes)
    this.#length = new RegExp(`\r\ncontent-length: ${bytes}\r\n`, 'i')
  }

  /** What the bytes so far are the answer of. */
  read(piece: Buffer): Answer {
    const answer = this.#found === null ? this.#readHead(piece) : this.#readBody(piece)
    if (answer !== 'more') this.forget()
    return answer
  }

  /** The next bytes are those of another answer. */
  forget(): void {
    this.#head = null
    this.#found = null
    this.#at = 0
  }

  #readHead(piece: Buffer): Answer {
    const all = this.#head === null ? piece : Buffer.concat([this.#head, piece])
    const end = all.indexOf(headEnd)
    // The first byte of a body does not say whose it is.
    const from = end + headEnd.length
    const named = Math.max(...this.#bodies.map(({ version }) => version.length))
    if (end < 0 || all.length < from + named) {
      this.#head = Buffer.from(all)
      return all.length < longestHead ? 'more' : 'wrong'
    }
    const head = all.toString('latin1', 0, end + 2)
    if (!head.startsWith(status) || !this.#length.test(head)) return 'wrong'
    this.#found = this.#bodies.find(({ version }) => all.toString('latin1', from, from + named) === version) ?? null
    return this.#found === null ? 'wrong' : this.#readBody(all.subarray(from))
  }

  #readBody(piece: Buffer): Answer {
    const { version = '', body = piece } = this.#found ?? {}
    const end = this.#at + piece.length
    if (end > body.length || body.compare(piece, 0, piece.length, this.#at, end) !== 0) return 'wrong'
    this.#at = end
    return end === body.length ? { version } : 'more'
  }
}

function bodiesOf(bytes: number): readonly { readonly version: string; readonly body: Buffer }[] {
  const found =
    bodies.get(bytes) ?? Object.values(versions).map((version) => ({ version, body: sizedBody(version, bytes) }))
  bodies.set(bytes, found)
  return found
}
