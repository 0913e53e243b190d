import type { Clock } from '@serin/kit'
import { workloadContract } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryWorkload } from './driver.ts'

/** A clock that moves when it is told. */
function openClock(): Clock & { advance(ms: number): void } {
  let now = 1_000_000
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  return {
    now: () => now,
    sleep: async (ms, signal) =>
      await new Promise((resolve, reject) => {
        const sleeper = { until: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(new Error('aborted', { cause: signal.reason }))
        })
      }),
    advance(ms) {
      now += ms
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
  }
}

const never = new AbortController().signal

workloadContract('memory', async () => {
  const clock = openClock()
  const runner = openMemoryWorkload({ clock, replicas: 2, script: { v1: { readyAfterMs: 300 } } })
  return {
    runner,
    good: (version) => {
      runner.script(version, { readyAfterMs: 300 })
      return {}
    },
    get broken() {
      runner.script('v2', { failure: { message: 'v2 exited with code 1.' }, failAfterMs: 200 })
      return {}
    },
    get late() {
      runner.script('v2', { readyAfterMs: 'never', readyWithinMs: 500 })
      return {}
    },
    pass: async () => clock.advance(100),
    crash: async ({ id }) => runner.crash('v1', Number(id.split('/')[1])),
    versionAt: async (endpoint) => runner.versionAt(endpoint),
    reopen: () => runner,
    leftovers: async () => runner.versions(),
    close: async () => {},
  }
})

test('readiness, failure and crashes come at their time, whoever looks when', () => {
  const clock = openClock()
  const runner = openMemoryWorkload({
    clock,
    script: {
      v1: { readyAfterMs: 1_000, backOffMs: 400, memoryBytes: 5 },
      v2: { failure: { code: 'model.unloadable', message: 'The file ends after 12 bytes.' }, failAfterMs: 700 },
      v3: { readyAfterMs: 'never', readyWithinMs: 2_000 },
    },
  })
  const start = clock.now()
  runner.ensure('v1', { replicas: 2 })
  runner.ensure('v2', {})
  runner.ensure('v3', {})
  runner.crash('v1', 1, start + 1_500)
  clock.advance(999)
  assert.deepEqual(
    ['v1', 'v2', 'v3'].map((version) => runner.observe(version).state),
    ['starting', 'failed', 'starting'],
  )
  assert.equal(runner.observe('v2').failure?.code, 'model.unloadable')
  clock.advance(1)
  assert.deepEqual(
    runner.observe('v1').replicas.map(({ readySince, endpoint, memoryBytes }) => [readySince, endpoint, memoryBytes]),
    [
      [start + 1_000, 'memory://v1/0', 5],
      [start + 1_000, 'memory://v1/1', 5],
    ],
  )
  clock.advance(1_000)
  const crashed = runner.observe('v1')
  assert.equal(crashed.state, 'degraded', 'it was up before, though nobody looked after that')
  assert.deepEqual(
    crashed.replicas.map(({ state, restarts }) => [state, restarts]),
    [
      ['ready', 0],
      ['starting', 1],
    ],
  )
  assert.equal(runner.observe('v3').failure?.message, 'v3 was not ready within 2 s.')
  clock.advance(900)
  assert.equal(runner.observe('v1').state, 'ready')
  assert.equal(runner.observe('v1').replicas[1]?.readySince, start + 2_900)
})

test('who was dismissed takes its time to stop, and its number is free afterwards', () => {
  const clock = openClock()
  const runner = openMemoryWorkload({ clock, script: { v1: { stopAfterMs: 1_000 } } })
  const seen = () => runner.observe('v1').replicas.map(({ id, state }) => `${id} ${state}`)
  runner.ensure('v1', { replicas: 1 })
  clock.advance(10)
  runner.ensure('v1', { replicas: 3 })
  runner.ensure('v1', { replicas: 2 })
  assert.deepEqual(seen(), ['v1/0 ready', 'v1/1 ready', 'v1/2 leaving'])
  runner.ensure('v1', { replicas: 1 })
  runner.dismiss('v1', 'v1/1')
  clock.advance(999)
  assert.deepEqual(seen(), ['v1/0 ready', 'v1/1 stopping', 'v1/2 leaving'])
  assert.equal(runner.versionAt('memory://v1/1'), 'v1')
  clock.advance(1)
  assert.deepEqual(seen(), ['v1/0 ready', 'v1/2 leaving'])
  assert.equal(runner.versionAt('memory://v1/1'), null)
  runner.ensure('v1', { replicas: 3 })
  assert.deepEqual(seen(), ['v1/0 ready', 'v1/1 ready', 'v1/2 ready'])
})

test('the surplus is who is not ready, then who was started last; one that crashes while it leaves is gone', () => {
  const clock = openClock()
  const runner = openMemoryWorkload({ clock })
  runner.ensure('v1', { replicas: 3 })
  clock.advance(10)
  runner.crash('v1', 0)
  const seen = () => runner.observe('v1').replicas.map(({ id, state }) => `${id} ${state}`)
  clock.advance(600)
  runner.ensure('v1', { replicas: 2 })
  assert.deepEqual(seen(), ['v1/0 leaving', 'v1/1 ready', 'v1/2 ready'])
  runner.crash('v1', 2)
  runner.ensure('v1', { replicas: 1 })
  assert.deepEqual(seen(), ['v1/0 leaving', 'v1/1 ready'])
  runner.crash('v1', 0)
  assert.deepEqual(seen(), ['v1/1 ready'])
})

test('stopping takes its time, and less when patience ends', async () => {
  const clock = openClock()
  const runner = openMemoryWorkload({ clock, script: { v1: { stopAfterMs: 1_000 } } })
  runner.ensure('v1', {})
  const slow = runner.stop('v1', never)
  assert.equal(runner.observe('v1').replicas[0]?.state, 'stopping')
  assert.equal(runner.versionAt('memory://v1/0'), 'v1', 'it answers until it is gone')
  clock.advance(1_000)
  await slow
  runner.ensure('v1', {})
  const patience = new AbortController()
  const hurried = runner.stop('v1', patience.signal)
  patience.abort()
  await hurried
  assert.deepEqual(runner.versions(), [])
})
