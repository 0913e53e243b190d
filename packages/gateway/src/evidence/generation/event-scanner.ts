/** Longer events are passed over: what tells of tokens is short. */
const mostEventBytes = 65_536
const [lf, cr] = [10, 13]

/**
 * Finds the data of server-sent events in a stream of bytes, whatever pieces it comes in. Holds at most one unfinished event of 64 KiB. Bytes above
 * 127 come out as Latin-1: the structure of JSON, which is all that is asked for, lies below.
 */
export class EventScanner {
  readonly #found: (data: string) => void
  /** The line so far. */
  #line = ''
  #lineTooLong = false
  #afterReturn = false
  /** The data of the event so far. */
  #data: string | null = null
  #eventTooLong = false

  /** `found` is called with the data of each event. */
  constructor(found: (data: string) => void) {
    this.#found = found
  }

  /** Takes the next piece. */
  take(bytes: Buffer): void {
    let from = 0
    let nextLf = -2
    let nextCr = -2
    while (from < bytes.length) {
      if (this.#afterReturn && bytes[from] === lf) from += 1
      this.#afterReturn = false
      // Looked for once each, not once per line: many streams have no CR at all.
      if (nextLf !== -1 && nextLf < from) nextLf = bytes.indexOf(lf, from)
      if (nextCr !== -1 && nextCr < from) nextCr = bytes.indexOf(cr, from)
      const end = nextLf === -1 ? nextCr : nextCr === -1 ? nextLf : Math.min(nextLf, nextCr)
      this.#add(bytes, from, end === -1 ? bytes.length : end)
      if (end === -1) return
      this.#afterReturn = bytes[end] === cr
      this.#endLine()
      from = end + 1
    }
  }

  /** The stream is over: an event that lacks only its blank line counts. */
  end(): void {
    this.#endLine()
    this.#endEvent()
  }

  #add(bytes: Buffer, from: number, to: number): void {
    if (this.#line.length + to - from > mostEventBytes) {
      this.#lineTooLong = true
      this.#line = ''
    } else if (!this.#lineTooLong) this.#line += bytes.toString('latin1', from, to)
  }

  #endLine(): void {
    const line = this.#line
    this.#line = ''
    if (this.#lineTooLong) {
      this.#lineTooLong = false
      this.#eventTooLong = true
    } else if (line === '') this.#endEvent()
    else if (line.startsWith('data:')) this.#addData(line.slice(line[5] === ' ' ? 6 : 5))
  }

  #addData(value: string): void {
    const data = this.#data === null ? value : `${this.#data}\n${value}`
    if (data.length > mostEventBytes) this.#eventTooLong = true
    else this.#data = data
  }

  #endEvent(): void {
    const data = this.#data
    const whole = !this.#eventTooLong
    this.#data = null
    this.#eventTooLong = false
    if (data !== null && whole) this.#found(data)
  }
}
