/** Performs the tasks whose numbers it is told, one at a time; started by the crew. */
import { parentPort } from 'node:worker_threads'
import type { Measure } from './runs.ts'
import { tasks } from './tasks.ts'

parentPort?.on('message', ({ task, measure }: { readonly task: number; readonly measure: Measure }) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage({ task, piece: tasks[task]?.perform(measure) })
})
