import type { Rollout, ServiceStatus } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byUrgency, needsAttention, rolloutMark } from './marks.ts'
import { freshnessOf, silentMs } from './freshness.ts'

function service(name: string, rollout: Partial<Rollout> | null, trouble: readonly string[] = []): ServiceStatus {
  const whole = rollout === null ? null : { phase: 'watching', reason: null, judgement: null, gate: null, ...rollout }
  return { name, trouble, rollout: whole } as unknown as ServiceStatus
}

const harmful = { verdict: 'harmful' } as Rollout['judgement']
const people = { people: 1 } as Rollout['gate']

test('trouble and harm come first, then who waits for a person, then what moves, then what rests', () => {
  const all = [
    service('f-rests', null),
    service('e-moves', {}),
    service('d-was-harmful', { phase: 'rolled-back', reason: 'harmful' }),
    service('c-waits', { gate: people }),
    service('b-harm', { judgement: harmful }),
    service('a-trouble', null, ['it does not answer']),
    service('g-done', { phase: 'promoted' }),
  ]
  const names = byUrgency(all).map(({ name }) => name.charAt(0))
  assert.equal(names.join(''), 'abcdefg')
  assert.equal(all.filter(needsAttention).length, 4)
})

test('no mark is red unless there is harm: who is stopped by a person is no villain', () => {
  const base = { phase: 'rolled-back', reason: 'aborted', judgement: null, gate: null } as const
  assert.equal(rolloutMark(base).tone, 'wait')
  assert.equal(rolloutMark({ ...base, reason: 'harmful' }).tone, 'harm')
  assert.equal(rolloutMark({ ...base, phase: 'watching', gate: people }).sign, '▲')
  assert.equal(rolloutMark({ ...base, phase: 'watching', gate: people, judgement: harmful }).tone, 'harm')
})

test('what has not been heard for a while is not called live', () => {
  assert.equal(freshnessOf({ state: 'live', heardAt: 1_000 }, 1_000 + silentMs), 'live')
  assert.equal(freshnessOf({ state: 'live', heardAt: 1_000 }, 1_001 + silentMs), 'stale')
  assert.equal(freshnessOf({ state: 'lost', heardAt: 1_000 }, 1_001), 'lost')
  assert.equal(freshnessOf({ state: 'lost', heardAt: null }, 1_001), 'never')
  assert.equal(freshnessOf({ state: 'connecting', heardAt: null }, 1_001), 'connecting')
})
