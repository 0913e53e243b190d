import type { Clock } from '@serin/kit'
import { SerinError } from '@serin/spec'
import type { ChildProcess } from 'node:child_process'
import type { ReplicaExit } from './options.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'
import { listensOn, membersOf } from './process-table.ts'

/** How often somebody else's child is looked at; the system tells only parents. */
const lookMs = 250
/** How long a process may take to disappear after SIGKILL, which only the system can delay. */
const killedWithinMs = 15_000

/** A replica's process: the one that was started, with all it started. */
export interface RunningProcess {
  readonly identity: ProcessIdentity
  readonly token: string
  readonly port: number
  readonly launchedAt: number
  /** How it ended, once it has; null when the signal aborts before. Never rejects. */
  ended(signal: AbortSignal): Promise<Pick<ReplicaExit, 'code' | 'signal'> | null>
}

type Facts = Pick<RunningProcess, 'identity' | 'token' | 'port' | 'launchedAt'>

/** A process this control plane started: the system tells how it ends. */
export function ownProcess(child: ChildProcess, facts: Facts): RunningProcess {
  const exit = new Promise<Pick<ReplicaExit, 'code' | 'signal'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  return { ...facts, ended: async (signal) => await Promise.race([exit, aborted(signal)]) }
}

/** A process an earlier control plane started: it is looked at, and how it ended nobody hears. */
export function adoptedProcess(clock: Clock, facts: Facts): RunningProcess {
  return {
    ...facts,
    async ended(signal) {
      while (!signal.aborted) {
        if (!isAlive(facts.identity)) return { code: null, signal: null }
        await clock.sleep(lookMs, signal).catch(() => undefined)
      }
      return null
    },
  }
}

/** Whether it is the replica that listens on its port; null when the system does not tell. */
export async function listens({ identity, token, port }: RunningProcess): Promise<boolean | null> {
  if ((await listensOn(port, [identity.pid])) === true) return true
  const members = await membersOf(identity, token)
  if (members === null) return null
  const pids = members.map((member) => member.pid)
  return await listensOn(port, pids)
}

/** Resolves with null when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<null> {
  if (signal.aborted) return Promise.resolve(null)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }))
}

/**
 * Ends a process and all it started: SIGTERM, then SIGKILL after `graceMs` or as soon as `hurry` aborts. Resolves when nothing of it runs.
 * A process that has ended already may have left others; they are ended too.
 */
export async function endProcess(
  { identity, token }: { readonly identity: ProcessIdentity | null; readonly token: string },
  { clock, graceMs, hurry }: { readonly clock: Clock; readonly graceMs: number; readonly hurry: AbortSignal },
): Promise<void> {
  const left = (): Promise<readonly number[]> => leftOf(identity, token)
  if (graceMs > 0 && !hurry.aborted) {
    await signalAll(identity, await left(), ['SIGTERM', 'SIGCONT']) // One that was stopped could not hear the first without the second.
    const deadline = clock.now() + graceMs
    while (clock.now() < deadline && !hurry.aborted) {
      if (identity === null || !isAlive(identity)) {
        if ((await left()).length === 0) return
      }
      await clock.sleep(Math.min(50, Math.max(1, deadline - clock.now())), hurry).catch(() => undefined)
    }
  }
  const givenUpAt = clock.now() + killedWithinMs
  for (;;) {
    const pids = await left()
    if (pids.length === 0) return
    if (clock.now() > givenUpAt)
      throw new SerinError('internal', `The system does not end process ${pids.join(', ')} though it was killed.`)
    await signalAll(identity, pids, ['SIGKILL'])
    await clock.sleep(20)
  }
}

async function leftOf(identity: ProcessIdentity | null, token: string): Promise<readonly number[]> {
  const rows = await membersOf(identity, token)
  if (rows !== null) return rows.map((row) => row.pid)
  return identity !== null && isAlive(identity) ? [identity.pid] : []
}

async function signalAll(
  identity: ProcessIdentity | null,
  pids: readonly number[],
  signals: readonly NodeJS.Signals[],
): Promise<void> {
  // While its leader runs the group's number is its own, and one call reaches children that are born this moment.
  const targets =
    identity !== null && isAlive(identity) ? [-identity.pid, ...pids.filter((pid) => pid !== identity.pid)] : pids
  for (const signal of signals) {
    for (const target of targets) {
      try {
        process.kill(target, signal)
      } catch {
        // It ended meanwhile.
      }
    }
  }
}
