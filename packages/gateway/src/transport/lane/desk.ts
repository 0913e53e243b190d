import type { AnswerHead } from '../../wire/answer-head.ts'
import { kinds } from '../../wire/names.ts'
import type { AnswerMark } from '../headers.ts'
import { marksOf, tableOfKinds } from './heads.ts'
import { tails } from './tails.ts'

const deskBytes = 32_768
/** More than the lines take that end a head. */
const tailBytes = 256

/** Fields of an answer that are left out, or written anew. */
const unsent = tableOfKinds(
  kinds.connection,
  kinds.hop,
  kinds.keepAlive,
  kinds.te,
  kinds.upgrade,
  kinds.ours,
  kinds.transferEncoding,
)

/** Where answers are put together: what was written of it at once may be written over by the next. */
export class Desk {
  #bytes = Buffer.allocUnsafeSlow(deskBytes)
  /** The desk, or for long answers a buffer of their own. */
  #used = this.#bytes
  #length = 0

  /** Puts down the head of an answer as its client gets it. `keptMs`: how long the connection then lives, if it does. */
  head(head: AnswerHead, mark: AnswerMark, keptMs: number | null): void {
    const { fields, nominated } = head
    const marks = marksOf(mark, head.identified)
    const room = head.end + marks.length + tailBytes
    this.#used = room > deskBytes ? Buffer.allocUnsafeSlow(room) : this.#bytes
    const into = this.#used
    const { reserved } = mark.told
    let at = 0
    let from = 0
    if (!head.modern || head.reasonEnd === head.reasonStart) {
      at = statusLine(head, into)
      from = fields.startOf(0)
    }
    for (let i = 0; i < fields.count; i += 1) {
      const own = reserved !== null && fields.isNamed(i, reserved)
      if (!own && unsent[fields.kind(i)] === 0 && !(nominated.size > 0 && nominated.has(fields.name(i).toLowerCase())))
        continue
      at += fields.bytes.copy(into, at, from, fields.startOf(i))
      from = fields.startOf(i + 1)
    }
    at += fields.bytes.copy(into, at, from, fields.linesEnd)
    at += into.write(marks, at, 'latin1')
    at += into.write(tails.of(head.dated, isChunked(head), keptMs), at, 'latin1')
    this.#length = at
  }

  /** Puts down bytes behind what is there; false when there is no room. */
  add(bytes: Uint8Array): boolean {
    if (this.#length + bytes.length > this.#used.length) return false
    this.#used.set(bytes, this.#length)
    this.#length += bytes.length
    return true
  }

  /** Takes what is there; tell with `kept` when it is still being written. */
  take(): Buffer {
    const bytes = this.#used.subarray(0, this.#length)
    this.#length = 0
    return bytes
  }

  /** What was taken last must not be written over. */
  kept(): void {
    if (this.#used === this.#bytes) this.#bytes = Buffer.allocUnsafeSlow(deskBytes)
    this.#used = this.#bytes
  }
}

function isChunked({ framing }: AnswerHead): boolean {
  return framing === 'chunked' || framing === 'close'
}

/** A status line that cannot stay as it came. */
function statusLine({ fields: { bytes }, status, reasonStart, reasonEnd }: AnswerHead, into: Buffer): number {
  const at = into.write(`HTTP/1.1 ${status} `, 0, 'latin1')
  const next = at + bytes.copy(into, at, reasonStart, reasonEnd)
  return next + into.write('\r\n', next, 'latin1')
}
