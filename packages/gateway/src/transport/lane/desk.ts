import type { AnswerHead } from '../../wire/answer-head.ts'
import { kinds } from '../../wire/names.ts'
import { lineEnd, Page } from '../../wire/page.ts'
import type { AnswerMark } from '../headers.ts'
import { marksRoom, putMarks, tableOfKinds } from './heads.ts'
import { tails } from './tails.ts'

const deskBytes = 32_768
/** How many lengths of answers recur. */
const lengthsKept = 1_024
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
  #desk = newPage()
  /** The desk, or for long answers a page of their own. */
  #page = this.#desk

  /** Puts down the head of an answer as its client gets it. `keptMs`: how long the connection then lives, if it does. */
  head(head: AnswerHead, mark: AnswerMark, keptMs: number | null): void {
    const { fields, nominated } = head
    const room = head.end + marksRoom(mark) + tailBytes
    const page = room > deskBytes ? new Page(room) : this.#desk
    this.#page = page
    page.length = 0
    const { reserved } = mark.told
    let from = 0
    if (!head.modern || head.reasonEnd === head.reasonStart) {
      putStatusLine(page, head)
      from = fields.startOf(0)
    }
    for (let i = 0; i < fields.count; i += 1) {
      const own = reserved !== null && fields.isNamed(i, reserved)
      if (!own && unsent[fields.kind(i)] === 0 && !(nominated.size > 0 && nominated.has(fields.name(i).toLowerCase())))
        continue
      page.copy(fields.bytes, from, fields.startOf(i))
      from = fields.startOf(i + 1)
    }
    page.copy(fields.bytes, from, fields.linesEnd)
    putMarks(page, mark, head.identified)
    page.add(tails.of(head.dated, isChunked(head), keptMs))
  }

  /** Puts down bytes behind what is there; false when there is no room. */
  add(bytes: Buffer, from: number, to: number): boolean {
    const page = this.#page
    if (page.length + to - from > page.bytes.length) return false
    page.copy(bytes, from, to)
    return true
  }

  /** Takes what is there; tell with `kept` when it is still being written. */
  take(): Buffer {
    return this.#page.written
  }

  /** What was taken last must not be written over. */
  kept(): void {
    if (this.#page === this.#desk) this.#desk = newPage()
    this.#page = this.#desk
  }
}

function newPage(): Page {
  return new Page(deskBytes, lengthsKept)
}

function isChunked({ framing }: AnswerHead): boolean {
  return framing === 'chunked' || framing === 'close'
}

/** A status line that cannot stay as it came. */
function putStatusLine(page: Page, { fields: { bytes }, status, reasonStart, reasonEnd }: AnswerHead): void {
  page.text(`HTTP/1.1 ${status} `)
  page.copy(bytes, reasonStart, reasonEnd)
  page.add(lineEnd)
}
