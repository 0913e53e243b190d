import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ForecastInput } from '@serin/core'
import { SerinError, type ReleasePlan } from '@serin/spec'

/** At most so many at once: a forecast takes a second of a processor, and rollouts go first. */
const most = 2
let running = 0

/** A forecast, computed beside the control plane; `control-plane.busy` when too many are under way. */
export async function forecastInWorker(input: ForecastInput): Promise<ReleasePlan> {
  if (running >= most) throw new SerinError('control-plane.busy', `${most} forecasts are being computed already.`)
  running += 1
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: input })
  try {
    const [plan] = (await once(worker, 'message')) as [ReleasePlan]
    return plan
  } finally {
    running -= 1
    await worker.terminate()
  }
}
