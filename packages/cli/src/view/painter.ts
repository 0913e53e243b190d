/** What a painter draws on. */
export interface Canvas {
  write(text: string): unknown
}

const begin = '\u001B[?2026h'
const end = '\u001B[?2026l'

/** Repaints a block of lines in place, below what was printed before; the last picture stays. The lines have to fit the terminal. */
export class Painter {
  readonly #canvas: Canvas
  #height = 0

  constructor(canvas: Canvas) {
    this.#canvas = canvas
  }

  /** Draws over the last picture, as one change to the screen. */
  paint(lines: readonly string[]): void {
    const up = this.#height > 1 ? `\u001B[${this.#height - 1}A` : ''
    // Each line is erased where it is drawn, so that nothing flickers; what was below goes at the end.
    const drawn = lines.map((line) => `${line}\u001B[K`).join('\n')
    this.#canvas.write(`${begin}\u001B[?25l\r${up}${drawn}\u001B[J${end}`)
    this.#height = lines.length
  }

  /** After the terminal took another size nothing is where it was: starts on a clear screen. */
  forget(): void {
    this.#canvas.write('\u001B[H\u001B[2J')
    this.#height = 0
  }

  /** Leaves the picture, gives the cursor back, and goes on below. */
  close(): void {
    this.#canvas.write(`${this.#height > 0 ? '\n' : ''}\u001B[?25h`)
    this.#height = 0
  }
}
