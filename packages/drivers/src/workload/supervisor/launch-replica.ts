import type { Clock } from '@serin/kit'
import { randomUUID } from 'node:crypto'
import { closeSync } from 'node:fs'
import type { ReplicaCommand } from './options.ts'
import { bootId, identify, isAlive } from './process-identity.ts'
import { membersOf } from './process-table.ts'
import type { ReplicaBook } from './replica-book.ts'
import { openReplicaDirectory } from './replica-file.ts'
import { openLog } from './replica-log.ts'
import { adoptedProcess, ownProcess, type RunningProcess } from './running-process.ts'
import { storageFailure, type Failure } from './sentences.ts'
import { startProcess, type Refusal } from './start-process.ts'

/** An intent without a process is believed only when it is this old: the process may be about to appear. */
const intentMs = 2_000

/** What came of a launch. */
export type Launch =
  | { readonly process: RunningProcess }
  | { readonly refusal: Refusal }
  | { readonly storage: Failure }

/**
 * Writes the intent, starts the process and writes its pid, one after the other without letting go of the thread: whenever this process is
 * killed, the next one finds the replica by its pid or by its token.
 */
export async function launchReplica(
  book: ReplicaBook,
  {
    command,
    port,
    fingerprint,
  }: { readonly command: ReplicaCommand; readonly port: number; readonly fingerprint: string },
  { clock, directory }: { readonly clock: Clock; readonly directory: string },
): Promise<Launch> {
  const { version, index, launchedAt: before, restarts } = book.record
  const launchedAt = clock.now()
  const mark = `${version}/${index} starts on port ${port} at ${new Date(launchedAt).toISOString()}`
  let log: number
  try {
    openReplicaDirectory(directory)
    log = openLog(book.logFile, mark)
  } catch (error) {
    return { storage: storageFailure(version, directory, error) }
  }
  try {
    book.intend({
      phase: 'launching',
      pid: 0,
      token: randomUUID(),
      port,
      fingerprint,
      launchedAt,
      readySince: null,
      readySinceLaunch: false,
      restarts: before === 0 ? restarts : restarts + 1,
    })
  } catch (error) {
    closeSync(log)
    return { storage: storageFailure(version, directory, error) }
  }
  const { token } = book.record
  const started = await startProcess({ command, version, port, token, log }).finally(() => closeSync(log))
  if ('message' in started) {
    book.note({ phase: 'down' })
    return { refusal: started }
  }
  // One that has ended already is nobody: no process began at that time.
  const identity = identify(started.pid) ?? { pid: started.pid, startTime: -1 }
  book.note({ ...identity, boot: bootId(), phase: 'running' })
  return { process: ownProcess(started.child, { identity, token, port, launchedAt }) }
}

/** The process a record tells of, if it still runs; a record of one that has ended is corrected in memory. */
export function adoptRecorded(book: ReplicaBook, clock: Clock): RunningProcess | null {
  const { pid, startTime, boot, port, token, launchedAt } = book.record
  if (pid === 0) return null
  const identity = { pid, startTime }
  if (boot === bootId() && isAlive(identity)) return adoptedProcess(clock, { identity, port, token, launchedAt })
  book.remember({ phase: 'down', pid: 0, readySince: null })
  return null
}

/** The process of an intent: a control plane may have died between starting it and writing down its pid. Null when there is none, or the signal aborts. */
export async function findLaunched(
  book: ReplicaBook,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunningProcess | null> {
  const { token, port, launchedAt } = book.record
  while (book.record.phase === 'launching' && !signal.aborted) {
    const rows = (await membersOf(null, token)) ?? []
    const leader = rows.filter((row) => row.group === row.pid).sort((a, b) => a.startTime - b.startTime)[0]
    if (leader !== undefined) {
      const identity = { pid: leader.pid, startTime: leader.startTime }
      book.note({ ...identity, boot: bootId(), phase: 'running' })
      return adoptedProcess(clock, { identity, port, token, launchedAt })
    }
    const ageMs = clock.now() - launchedAt
    if (ageMs >= intentMs || ageMs < 0) book.note({ phase: 'down' })
    else await clock.sleep(50, signal).catch(() => undefined)
  }
  return null
}
