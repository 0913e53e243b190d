import { setTimeout as sleep } from 'node:timers/promises'
import { SerinError, type Release } from '@serin/spec'
import { exitCodes } from './command.ts'
import type { Connection } from './connection.ts'
import type { Output } from './output.ts'
import { cleanText } from './view/text.ts'
import { untilInterrupted, type World } from './world.ts'

/** How waiting for a coupled release ended. */
type ReleaseEnding = 'done' | 'reversed' | 'stuck' | 'timed-out' | 'interrupted'

const lookEveryMs = 500

/** The exit code that CI can trust: a release of which not all could go back has failed. */
export function releaseCodeOf(ending: ReleaseEnding): number {
  const codes = {
    done: exitCodes.done,
    reversed: exitCodes.rolledBack,
    stuck: exitCodes.failed,
    'timed-out': exitCodes.timedOut,
    interrupted: exitCodes.interrupted,
  } as const satisfies Record<ReleaseEnding, number>
  return codes[ending]
}

/** Waits until a coupled release is over, each new sentence on stderr, across restarts of the control plane. Waiting less or longer changes nothing about it. */
export async function waitForRelease(waiting: {
  readonly connection: Connection
  readonly release: Release
  readonly timeoutMs: number
  readonly world: World
  readonly out: Output
}): Promise<{ readonly ending: ReleaseEnding; readonly release: Release }> {
  const { world, out, timeoutMs } = waiting
  let { connection, release } = waiting
  const { signal, dispose } = untilInterrupted(world)
  const deadline = performance.now() + timeoutMs
  let told = ''
  try {
    for (;;) {
      if (release.sentence !== told) out.note(`${release.id}: ${cleanText(release.sentence)}`)
      told = release.sentence
      out.working(`Waiting until ${release.id} is over`)
      const { state } = release
      if (state === 'done' || state === 'reversed' || state === 'stuck') return { ending: state, release }
      if (signal.aborted) return { ending: 'interrupted', release }
      if (performance.now() > deadline) return { ending: 'timed-out', release }
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
      try {
        release = await connection.client.getRelease({ release: release.id })
      } catch (error) {
        if (!(error instanceof SerinError) || !passes(error)) throw error
        connection = connection.again()
      }
    }
  } finally {
    dispose()
  }
}

/** Tells a person what it means that nobody waits any more. */
export function releaseEndingLines(ending: ReleaseEnding, { id, members }: Release): readonly string[] {
  switch (ending) {
    case 'done':
      return []
    case 'reversed': {
      const rollouts = members.flatMap(({ rollout }) => (rollout?.phase === 'rolled-back' ? [rollout.id] : []))
      return rollouts.map((rollout) => `Why: serin explain ${rollout}`)
    }
    case 'stuck':
      return [`Try again: serin abort ${id}`]
    default:
      return [`The release goes on: serin get releases ${id}, or stop it: serin abort ${id}`]
  }
}

function passes({ code }: SerinError): boolean {
  return code === 'control-plane.unreachable' || code === 'control-plane.not-ready' || code === 'control-plane.busy'
}
