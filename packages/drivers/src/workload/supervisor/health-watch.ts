import type { Clock } from '@serin/kit'
import type { Probe } from '@serin/spec'
import { probeOnce, type ProbeResult, type Spoken } from './http-probe.ts'
import { aborted } from './running-process.ts'

/** How soon one that does not listen yet is asked again: nobody is bothered, and starting is waited for. */
const refusedAgainMs = 100

/** Who is watched, and who wants to know. */
export interface HealthWatch {
  readonly clock: Clock
  /** Base address. */
  readonly endpoint: string
  /** Absent: HTTP/1.1. */
  readonly spoken?: Spoken
  readonly ready: Probe
  readonly live: Probe
  /** Whether it has been ready since it was started, and whether it was when it was last looked at. */
  readonly wasReady: boolean
  readonly isReady: boolean
  /** Asked before the first good answer counts: a reason not to believe it yet, or null. */
  readonly doubt: () => Promise<string | null>
  readonly onReady: () => void
  /** Not ready, or not any more, and what was found. */
  readonly onUnready: (found: string) => void
}

/**
 * Asks for readiness for as long as the signal allows, and for liveness once it has been ready. Resolves with what was found when
 * liveness failed too often in a row, or with null when the signal aborts. Never rejects.
 */
export async function watchHealth(watch: HealthWatch, signal: AbortSignal): Promise<string | null> {
  const { ready, live } = watch
  const dead = Promise.withResolvers<string>()
  let { isReady } = watch
  let hasBeenReady = watch.wasReady
  let unreadyInRow = 0
  let deadInRow = 0

  const readiness = async (result: ProbeResult): Promise<void> => {
    const found = result.ok ? (isReady ? null : await watch.doubt()) : result.message
    if (signal.aborted) return
    if (found === null) {
      unreadyInRow = 0
      if (isReady) return
      isReady = true
      hasBeenReady = true
      watch.onReady()
      return
    }
    unreadyInRow += 1
    // Nobody listens: no doubt about that. A late or bad answer has to come again.
    const surely = !result.ok && result.refused
    if (isReady && unreadyInRow < ready.failures && !surely) return
    isReady = false
    watch.onUnready(found)
  }
  const liveness = (result: ProbeResult): void => {
    if (!hasBeenReady) return
    deadInRow = result.ok ? 0 : deadInRow + 1
    if (!result.ok && deadInRow >= live.failures) dead.resolve(result.message)
  }

  const same = (['path', 'grpc', 'every', 'timeout'] as const).every((field) => ready[field] === live[field])
  const eager = (): number => (hasBeenReady ? ready.every : Math.min(ready.every, refusedAgainMs))
  const loops = [
    probing(watch, { probe: ready, refusedAgain: eager }, signal, async (result) => {
      await readiness(result)
      if (same) liveness(result)
    }),
  ]
  if (!same) {
    loops.push(
      probing(watch, { probe: live, refusedAgain: () => live.every }, signal, async (result) => liveness(result)),
    )
  }
  await Promise.race([dead.promise, aborted(signal), Promise.all(loops)])
  return signal.aborted ? null : await dead.promise
}

async function probing(
  { clock, endpoint, spoken = 'http1' }: HealthWatch,
  { probe, refusedAgain }: { readonly probe: Probe; readonly refusedAgain: () => number },
  signal: AbortSignal,
  report: (result: ProbeResult) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const result = await probeOnce(endpoint, { ...probe, spoken }, signal)
    if (signal.aborted) return
    await report(result)
    const pauseMs = !result.ok && result.refused ? refusedAgain() : probe.every
    await clock.sleep(pauseMs, signal).catch(() => undefined)
  }
}
