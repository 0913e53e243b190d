import type { Paper } from './view/paper.ts'
import { cutText } from './view/text.ts'
import { isRepaintable, writtenBy, type Stream, type World } from './world.ts'

/** Who waits less has nothing to be told. */
const patienceMs = 1_000
const redrawMs = 200
const clear = '\r\u001B[K'

/** A line below everything else, for whoever waits longer than a second; whatever is printed takes its place. */
export interface WorkingLine {
  /** The same world, whose streams take the line away before they write. */
  readonly world: World
  /** Says what is being done, until something is printed. May be called as often as there is news. */
  working(text: string): void
  /** Takes the line away. */
  end(): void
}

/** Shows it on stderr when that is a terminal which can take a line back; else it is silent, and the world stays as it is. */
export function createWorkingLine(world: World, paper: () => Paper): WorkingLine {
  const { stdout, stderr, env } = world
  if (!isRepaintable(stderr, env)) return { world, working: () => undefined, end: () => undefined }
  const line = new Line(stderr, paper)
  const cleared = (stream: Stream): Stream =>
    writtenBy(stream, (text) => {
      line.end()
      return stream.write(text)
    })
  return {
    world: { ...world, stdout: cleared(stdout), stderr: cleared(stderr) },
    working: (text) => line.say(text),
    end: () => line.end(),
  }
}

class Line {
  readonly #stream: Stream
  readonly #paper: () => Paper
  #text = ''
  #shown = ''
  #drawnAt = 0
  #since: number | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(stream: Stream, paper: () => Paper) {
    this.#stream = stream
    this.#paper = paper
  }

  say(text: string): void {
    this.#text = text
    if (this.#since === null) {
      this.#since = performance.now()
      // It tells that somebody works, and is no reason to go on.
      this.#timer = setInterval(() => this.#draw(), redrawMs).unref()
    }
    // A command that computes lets no timer through.
    if (performance.now() - this.#drawnAt >= redrawMs) this.#draw()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#since = null
    if (this.#shown !== '') this.#stream.write(clear)
    this.#shown = ''
  }

  #draw(): void {
    const now = performance.now()
    const tookMs = now - (this.#since ?? now)
    if (tookMs < patienceMs) return
    this.#drawnAt = now
    const paper = this.#paper()
    // The last column stays free: a full line would wrap, and only its end could be taken back.
    const seconds = ` ${Math.floor(tookMs / 1_000)} s`
    const line = cutText(`${this.#text}…`, (this.#stream.columns ?? 80) - 1 - seconds.length) + seconds
    if (line === this.#shown) return
    this.#shown = line
    this.#stream.write(`${clear}${paper.ink('quiet', line)}`)
  }
}
