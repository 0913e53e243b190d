/** Computes one forecast in a thread of its own: the control plane goes on deciding meanwhile. */
import { parentPort, workerData } from 'node:worker_threads'
import { forecastRelease, type ForecastInput } from '@serin/core'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(forecastRelease(workerData as ForecastInput))
