import { parseDuration, SerinError, type Rollout } from '@serin/spec'
import type { Connection } from './connection.ts'
import { exitCodes } from './command.ts'
import { follow } from './follow.ts'
import { createLiveView } from './live-view.ts'
import type { Output } from './output.ts'
import { isOpen } from './view/versions.ts'
import type { Snapshot } from './view/watch.ts'
import { untilInterrupted, type World } from './world.ts'

/** How waiting for a rollout ended. */
export type Ending = 'promoted' | 'rolled-back' | 'timed-out' | 'interrupted'

/** The exit code that CI can trust. */
export function codeOf(ending: Ending): number {
  switch (ending) {
    case 'promoted':
      return exitCodes.done
    case 'rolled-back':
      return exitCodes.rolledBack
    case 'timed-out':
      return exitCodes.timedOut
    case 'interrupted':
      return exitCodes.interrupted
  }
}

/** Milliseconds of a `--timeout`; throws `usage.invalid`. */
export function timeoutOf(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new SerinError('usage.invalid', `"${text}" is not a time; expected one such as 90s, 30m or 1h30m.`)
}

/** What is waited for, and how it is shown. */
export interface Waiting {
  readonly connection: Connection
  readonly rollout: Pick<Rollout, 'id' | 'service'>
  readonly timeoutMs: number
  readonly world: World
  readonly out: Output
}

/** Waits until a rollout is over, with progress on stderr, across restarts of the control plane. Waiting less or longer changes nothing about the rollout. */
export async function waitForEnd(waiting: Waiting): Promise<{ readonly ending: Ending; readonly rollout: Rollout }> {
  const { connection, rollout, timeoutMs, world, out } = waiting
  const { signal: interrupted, dispose, stop } = untilInterrupted(world)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error('too late')), Math.min(timeoutMs, 2_147_483_647))
  // A program that reads the result reads no picture.
  out.working(`Waiting until ${rollout.id} is over`)
  const view = out.forPeople ? createLiveView({ world, out, to: 'stderr' }, { connection, quit: stop }) : null
  let last: Rollout | null = null
  try {
    for await (const snapshot of follow(connection, rollout.service, AbortSignal.any([interrupted, late.signal]))) {
      last = await ownOf(snapshot, rollout.id, connection)
      if (snapshot.status.rollout?.id === rollout.id) view?.show(snapshot)
      if (!isOpen(last)) return { ending: last.phase === 'promoted' ? 'promoted' : 'rolled-back', rollout: last }
    }
  } finally {
    clearTimeout(timer)
    dispose()
    view?.close()
  }
  const final = last ?? (await connection.client.getRollout({ rollout: rollout.id }))
  return { ending: interrupted.aborted ? 'interrupted' : 'timed-out', rollout: final }
}

/** The rollout of a release that waited, once it has begun; null when that takes too long, or it waits no more. */
export async function queuedRollout({
  connection,
  service,
  to,
  timeoutMs,
  world,
}: Pick<Waiting, 'connection' | 'timeoutMs' | 'world'> & {
  readonly service: string
  readonly to: string
}): Promise<Rollout | null> {
  const { signal, dispose } = untilInterrupted(world)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error('too late')), Math.min(timeoutMs, 2_147_483_647))
  try {
    for await (const { status } of follow(connection, service, AbortSignal.any([signal, late.signal]))) {
      if (status.rollout?.canary === to) return status.rollout
      if (!status.queue.includes(to)) return null
    }
  } finally {
    clearTimeout(timer)
    dispose()
  }
  return null
}

/** Tells a person what it means that nobody waits any more. */
export function endingLines(ending: Ending, { service, id }: Rollout): readonly string[] {
  switch (ending) {
    case 'promoted':
      return []
    case 'rolled-back':
      return [`Why: serin explain ${id}`]
    case 'timed-out':
      return [
        `Not over within the time. The rollout goes on: serin watch ${service}, or stop it: serin abort ${service}`,
      ]
    case 'interrupted':
      return [`The rollout goes on: serin watch ${service}, or stop it: serin abort ${service}`]
  }
}

/** The rollout itself, also when another has taken its place. */
async function ownOf({ status }: Snapshot, id: string, { client }: Connection): Promise<Rollout> {
  if (status.rollout?.id === id) return status.rollout
  return await client.getRollout({ rollout: id })
}
