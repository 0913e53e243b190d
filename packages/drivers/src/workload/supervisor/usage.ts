import type { ProcessIdentity } from './process-identity.ts'
import { residentBytesOf, type ProcessRow } from './process-table.ts'

/** What a replica, with all processes of its group, uses of the machine. Null is unknown. */
export interface Usage {
  /** Share of one core in percent since the look before. */
  readonly cpuPercent: number | null
  /** Resident memory; what processes of a group share counts for each. */
  readonly memoryBytes: number | null
}

/** Clock ticks of `/proc`: 100 per second on every Linux that runs Node. */
const ticksPerSecond = 100

/** Remembers what was used up to the last look, process by process. */
export class UsageMeter {
  #before: { readonly at: number; readonly ticks: ReadonlyMap<string, number> } | null = null

  /** What the group of a process uses, from a list of all processes; `now` is ms. */
  async measure({ pid }: ProcessIdentity, processes: readonly ProcessRow[], now: number): Promise<Usage> {
    const group = processes.filter((row) => row.group === pid)
    const memory = await Promise.all(group.map((row) => residentBytesOf(row.pid)))
    const ticks = new Map(group.map((row) => [`${row.pid}/${row.startTime}`, row.cpuTicks]))
    const cpuPercent = this.#before === null ? null : share(this.#before, { at: now, ticks })
    this.#before = { at: now, ticks }
    return { cpuPercent, memoryBytes: group.length === 0 ? null : memory.reduce((sum, bytes) => sum + bytes, 0) }
  }
}

interface Look {
  readonly at: number
  readonly ticks: ReadonlyMap<string, number>
}

function share(before: Look, now: Look): number | null {
  const elapsedMs = now.at - before.at
  if (elapsedMs <= 0) return null
  let used = 0
  for (const [process, ticks] of now.ticks) used += ticks - (before.ticks.get(process) ?? 0)
  return Math.round((used / ticksPerSecond / (elapsedMs / 1_000)) * 1_000) / 10
}
