import { readFileSync } from 'node:fs'

/** Names one process for ever: its pid alone is given away again when it has ended. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since the machine's boot; null where `/proc` is missing. */
  readonly startTime: number | null
}

/** What `/proc/PID/stat` says of a process that is not a zombie. */
export interface ProcessStat {
  readonly group: number
  /** User and system time in clock ticks. */
  readonly cpuTicks: number
  readonly startTime: number
}

/** Reads a line of `/proc/PID/stat`; null for a process that has ended, though its parent may not have heard of it yet. */
export function parseStat(line: string): ProcessStat | null {
  // The name, in parentheses, may itself hold spaces and parentheses; the state, field 3, comes after the last one.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === undefined || fields[0] === 'Z' || fields[0] === 'X') return null
  const at = (field: number): number => Number(fields[field - 3])
  const stat = { group: at(5), cpuTicks: at(14) + at(15), startTime: at(22) }
  return Object.values(stat).every(Number.isFinite) ? stat : null
}

/** The process that has this pid now, or null when there is none. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = statOf(pid)
  if (stat === 'no /proc') return answersSignals(pid) ? { pid, startTime: null } : null
  return stat === null ? null : { pid, startTime: stat.startTime }
}

/** Whether the very process still runs; one that took over its pid does not count. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const now = identify(pid)
  return now !== null && now.startTime === startTime
}

/** Id of the machine's boot, for start times count from there; null where `/proc` is missing. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}

function statOf(pid: number): ProcessStat | null | 'no /proc' {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return hasProc() ? null : 'no /proc'
  }
}

function hasProc(): boolean {
  try {
    readFileSync('/proc/self/stat')
    return true
  } catch {
    return false
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
