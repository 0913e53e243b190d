import type { Output } from './output.ts'
import { Painter } from './view/painter.ts'
import { progressKey, progressLine } from './view/progress.ts'
import { watchLines, type Snapshot } from './view/watch.ts'
import type { World } from './world.ts'

/** Something that shows snapshots as they come. */
export interface LiveView {
  show(snapshot: Snapshot): void
  /** Leaves the last picture and gives the terminal back. */
  close(): void
}

const heartbeatMs = 60_000

/** The whole view, repainted in place, in a terminal; else one line for each step, verdict and quiet minute. */
export function createLiveView(world: World, out: Output, to: 'stdout' | 'stderr'): LiveView {
  return world[to].isTTY === true ? painted(world, out, to) : appended(world, out, to)
}

function painted(world: World, out: Output, to: 'stdout' | 'stderr'): LiveView {
  const painter = new Painter(world[to])
  let latest: Snapshot | null = null
  const draw = () => {
    if (latest !== null) painter.paint(watchLines(latest, out.paperFor(to)))
  }
  const dispose = world.onResize(() => {
    painter.forget()
    draw()
  })
  return {
    show(snapshot) {
      latest = snapshot
      draw()
    },
    close() {
      dispose()
      painter.close()
    },
  }
}

function appended(world: World, out: Output, to: 'stdout' | 'stderr'): LiveView {
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
