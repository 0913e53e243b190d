/** What a painter draws on. */
export interface Canvas {
  write(text: string): unknown
}

const begin = '\u001B[?2026h'
const end = '\u001B[?2026l'
const hideCursor = '\u001B[?25l'
const showCursor = '\u001B[?25h'

/** Repaints a block of lines in place, below what was printed before; the last picture stays. The lines have to fit the terminal. */
export class Painter {
  readonly #canvas: Canvas
  #lines: readonly string[] = []
  #clear = ''

  constructor(canvas: Canvas) {
    this.#canvas = canvas
  }

  /** Draws over the last picture, as one change to the screen and in one write; what is the same is not drawn again. */
  paint(lines: readonly string[]): void {
    const before = this.#lines
    if (this.#clear === '' && before.length === lines.length && before.every((line, i) => line === lines[i])) return
    const up = before.length > 1 ? `\u001B[${before.length - 1}A` : ''
    // Erased first, not after: a line that fills the last column would lose its end.
    const drawn = lines.map((line, i) => (line === before[i] ? '' : `\u001B[K${line}`)).join('\r\n')
    const below = lines.length < before.length ? '\r\n\u001B[J\u001B[1A' : ''
    this.#canvas.write(`${begin}${hideCursor}${this.#clear}\r${up}${drawn}${below}${end}`)
    this.#clear = ''
    this.#lines = lines
  }

  /** After the terminal took another size nothing is where it was: the next picture starts on a clear screen. */
  forget(): void {
    this.#clear = '\u001B[H\u001B[J'
    this.#lines = []
  }

  /** Leaves the picture, gives the cursor back, and goes on below. */
  close(): void {
    this.#canvas.write(`${this.#lines.length > 0 ? '\n' : ''}${showCursor}`)
    this.#lines = []
  }
}
