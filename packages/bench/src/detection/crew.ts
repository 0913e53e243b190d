import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Measure } from './runs.ts'
import { tasks, type Piece } from './tasks.ts'

const mostWorkers = 8

/** Performs all tasks, as many at once as there are processors. The pieces come in the order of the tasks and do not depend on who performed them. */
export async function performAll(
  measure: Measure,
  progress: (what: string, done: number) => void,
): Promise<readonly Piece[]> {
  const pieces: Piece[] = []
  let [next, done] = [0, 0]
  const workers = Array.from({ length: Math.min(mostWorkers, availableParallelism(), tasks.length) }, newWorker)
  const work = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const give = (): void => {
        const task = next
        next += 1
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        if (task < tasks.length) worker.postMessage({ task, measure })
        else resolve()
      }
      worker.on('error', reject)
      worker.on('message', ({ task, piece }: { readonly task: number; readonly piece: Piece }) => {
        pieces[task] = piece
        done += 1
        progress(tasks[task]?.name ?? '', done / tasks.length)
        give()
      })
      give()
    })
  try {
    await Promise.all(workers.map(work))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return pieces
}

function newWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url))
}
