import { availableParallelism, cpus, loadavg } from 'node:os'

/** What a run was made on, and how busy that was. */
export interface Machine {
  readonly at: string
  readonly processor: string
  readonly cores: number
  readonly node: string
  readonly loadBefore: number
  readonly loadAfter: number
}

/** The load average of the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? Number.NaN
}

/** The machine of a run that ends now. */
export function machineAfter(loadBefore: number): Machine {
  return {
    at: new Date().toISOString(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    loadBefore,
    loadAfter: loadNow(),
  }
}

/** A sentence about it, for people. */
export function machineLine({ cores, processor, node, loadBefore, loadAfter }: Machine): string {
  return `${cores} × ${processor}, Node ${node}, load average ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} after.`
}
