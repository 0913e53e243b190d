import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from './virtual-clock.ts'

async function drain(clock: ReturnType<typeof createVirtualClock>): Promise<void> {
  while (await clock.step());
}

test('sleepers wake by time, those of one moment in the order in which they lay down', async () => {
  const clock = createVirtualClock(1_000)
  const woken: string[] = []
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms)
    woken.push(`${name} at ${clock.now()}`)
  }
  const all = [sleeper('a', 30), sleeper('b', 10), sleeper('c', 30), sleeper('d', 0), sleeper('e', 10)]
  await drain(clock)
  await Promise.all(all)
  assert.deepEqual(woken, ['d at 1000', 'b at 1010', 'e at 1010', 'a at 1030', 'c at 1030'])
})

test('whoever is about to sleep after a long chain of promises is waited for', async () => {
  const clock = createVirtualClock(0)
  const order: string[] = []
  const slow = async (): Promise<void> => {
    for (let i = 0; i < 500; i += 1) await Promise.resolve()
    await clock.sleep(1)
    order.push('soon')
  }
  const far = clock.sleep(1_000).then(() => order.push('far'))
  const soon = slow()
  await drain(clock)
  await Promise.all([far, soon])
  assert.deepEqual(order, ['soon', 'far'])
})

test('an aborted sleep rejects with the reason and holds nobody up', async () => {
  const clock = createVirtualClock(0)
  const stop = new AbortController()
  const aborted = assert.rejects(clock.sleep(5_000, stop.signal), /enough/)
  const before = assert.rejects(clock.sleep(5_000, AbortSignal.abort(new Error('too late'))), /too late/)
  stop.abort(new Error('enough'))
  await Promise.all([aborted, before])
  assert.equal(await clock.step(), false)
  assert.equal(clock.steadyMs(), 0)
})

test('a jump of the wall clock wakes nobody earlier or later', async () => {
  const clock = createVirtualClock(1_000_000)
  const sleep = clock.sleep(100)
  clock.jump(-500_000)
  await drain(clock)
  await sleep
  assert.deepEqual([clock.steadyMs(), clock.now()], [100, 500_100])
})
