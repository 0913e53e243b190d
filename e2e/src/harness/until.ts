import { setTimeout as sleep } from 'node:timers/promises'

/** What is soon there is seen soon; what takes long is not worth to be asked for all the time. */
const [soonestMs, latestMs] = [10, 100]

/** Asks again until there is an answer; rejects with what was waited for after the time. An error counts as no answer yet. */
export async function until<T>(
  what: string,
  ask: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  withinMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let last: unknown
  let pauseMs = soonestMs
  while (performance.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== null && answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error
    }
    await sleep(pauseMs)
    pauseMs = Math.min(latestMs, pauseMs * 1.25)
  }
  throw new Error(`Waited ${withinMs} ms for ${what}.`, { cause: last })
}
