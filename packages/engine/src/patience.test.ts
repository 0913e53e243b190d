import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withPatience } from './patience.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

test('patience ends by the clock that was given, and says so', async () => {
  const clock = createVirtualClock(0)
  const waiting = withPatience({ clock, ms: 5_000, signal: new AbortController().signal }, never)
  const rejected = assert.rejects(waiting, { name: 'TimeoutError', message: 'No answer within 5 s.' })
  await clock.pass(5_000)
  await rejected
})

test('whoever answers in time keeps nobody waiting; whoever is stopped hears why', async () => {
  const clock = createVirtualClock(0)
  const stop = new AbortController()
  const patience = { clock, ms: 5_000, signal: stop.signal }
  assert.equal(await withPatience(patience, async () => 7), 7)
  const stopped = assert.rejects(withPatience(patience, never), /stopped/)
  stop.abort(new Error('stopped'))
  await stopped
})
