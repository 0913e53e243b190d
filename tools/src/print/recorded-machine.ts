/** The machine that a recorded run of a bench was made on. */
export interface RecordedMachine {
  readonly at: string
  readonly processor: string
  readonly cores: number
  readonly node: string
  readonly loadBefore: number
  readonly loadAfter: number
}

/** When a run was made, on what, and how busy that was. */
export function machineLine({ at, processor, cores, node, loadBefore, loadAfter }: RecordedMachine): string {
  return `${at.slice(0, 10)}, ${cores} × ${processor}, Node ${node}; load average ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} after.`
}
