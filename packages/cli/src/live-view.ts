import type { Connection } from './connection.ts'
import { LiveKeys } from './live-keys.ts'
import type { Output } from './output.ts'
import { Painter } from './view/painter.ts'
import { progressKey, progressLine } from './view/progress.ts'
import { watchLines, type Snapshot } from './view/watch.ts'
import { isRepaintable, type World } from './world.ts'

/** Something that shows snapshots as they come. */
export interface LiveView {
  show(snapshot: Snapshot): void
  /** Leaves the last picture and gives the terminal back. */
  close(): void
}

/** What the keys of a live view act on. */
export interface Controls {
  readonly connection: Connection
  /** Somebody wants to leave. */
  quit(): void
}

interface Shown {
  readonly world: World
  readonly out: Output
  readonly to: 'stdout' | 'stderr'
}

/** What a shell needs below the last picture. */
const belowRows = 2
const heartbeatMs = 60_000
/** A terminal smaller than this shows no picture worth painting. */
const smallest = { columns: 20, rows: 4 } as const

/** The whole view, repainted in place and with keys, in a terminal; else (also in CI) one line for each step, verdict and quiet minute. */
export function createLiveView(shown: Shown, controls: Controls): LiveView {
  return canPaint(shown) ? new Painted(shown, controls) : appended(shown)
}

function canPaint({ world, to }: Shown): boolean {
  const { env } = world
  const { columns = 80, rows = 24 } = world[to]
  return isRepaintable(world[to], env) && columns >= smallest.columns && rows >= smallest.rows
}

class Painted implements LiveView {
  readonly #shown: Shown
  readonly #painter: Painter
  readonly #keys: LiveKeys
  readonly #letGo: readonly (() => void)[]
  #latest: Snapshot | null = null
  #asleep = false

  constructor(shown: Shown, controls: Controls) {
    const { world, to } = shown
    this.#shown = shown
    this.#painter = new Painter(world[to])
    this.#keys = new LiveKeys(controls, () => this.#draw())
    const unlisten = world.keys?.listen((key) => this.#heard(key))
    this.#letGo = [
      world.onResize(() => this.#afresh()),
      // The cursor comes back even when we make a mistake.
      world.onExit(() => this.#painter.close()),
      ...(unlisten === undefined ? [] : [unlisten]),
    ]
  }

  show(snapshot: Snapshot): void {
    this.#latest = snapshot
    this.#draw()
  }

  close(): void {
    for (const letGo of this.#letGo) letGo()
    const paper = this.#paper
    // What stays in the scrollback tells of no keys, and its first line is not pushed out by the prompt below it.
    const height = paper.height === null ? null : Math.max(smallest.rows, paper.height - belowRows)
    if (this.#latest !== null) this.#painter.paint(watchLines(this.#latest, { ...paper, height }))
    this.#painter.close()
  }

  get #hasKeys(): boolean {
    return this.#shown.world.keys !== null
  }

  get #paper() {
    return this.#shown.out.paperFor(this.#shown.to)
  }

  #heard(key: string): void {
    if (key === 'suspend') {
      this.#asleep = true
      this.#painter.close()
    } else if (key === 'continue') {
      this.#asleep = false
      this.#draw()
    } else if (this.#latest !== null) this.#keys.press(key, this.#latest)
  }

  #afresh(): void {
    this.#painter.forget()
    this.#draw()
  }

  #draw(): void {
    if (this.#latest === null || this.#asleep) return
    const paper = this.#paper
    const foot = this.#hasKeys ? this.#keys.lines(this.#latest, { ...paper, width: paper.width - 2 }) : null
    this.#painter.paint(watchLines(this.#latest, paper, foot))
  }
}

function appended({ world, out, to }: Shown): LiveView {
  let [key, at] = ['', 0]
  return {
    show(snapshot) {
      const next = progressKey(snapshot)
      if (next === key && snapshot.now - at < heartbeatMs) return
      key = next
      at = snapshot.now
      world[to].write(`${progressLine(snapshot, out.paperFor(to))}\n`)
    },
    close: () => undefined,
  }
}
