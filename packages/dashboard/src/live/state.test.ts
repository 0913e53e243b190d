import type { ServiceStatus } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beats, followTrail, services, take, takeLines, journal, trails } from './state.ts'
import type { JournalLine } from '@serin/sdk'

function status(id: string, facts: { readonly phase?: string; readonly endedAt?: number } = {}): ServiceStatus {
  const { phase = 'watching', endedAt = null } = facts
  const rollout = { id, canary: 'v2', phase, endedAt, step: 0, judgement: null }
  const versions = [
    { name: 'v1', live: { requestsPerSecond: 9 } },
    { name: 'v2', live: { requestsPerSecond: 1 }, splitPercent: 10 },
  ]
  return { name: 'shop', stable: 'v1', rollout, versions } as unknown as ServiceStatus
}

const phasesOf = (id: string) => trails.value.get(id)?.map(({ phase }) => phase)

test('the trail of a rollout grows while somebody looks at it, and no other does', async () => {
  take([status('shop-1')])
  assert.equal(phasesOf('shop-1'), undefined)
  const leave = followTrail('shop-1')
  take([status('shop-1')])
  await new Promise((resolve) => setTimeout(resolve, 2))
  take([status('shop-1', { phase: 'promoted', endedAt: 5 })])
  await new Promise((resolve) => setTimeout(resolve, 2))
  take([status('shop-1', { phase: 'promoted', endedAt: 5 })])
  assert.deepEqual(phasesOf('shop-1'), ['watching', 'promoted'])
  leave()
  assert.equal(phasesOf('shop-1'), undefined)
  assert.equal(services.value.get('shop')?.rollout?.phase, 'promoted')
})

test('a rollout that was over before anybody looked has no moment of its own here: the control plane kept them', () => {
  const leave = followTrail('shop-2')
  take([status('shop-2', { phase: 'rolled-back', endedAt: 5 })])
  assert.deepEqual(phasesOf('shop-2'), [])
  leave()
})

test('of traffic two minutes are kept, of the journal the youngest lines, each once', () => {
  for (let i = 0; i < 300; i += 1) take([status('shop-3')])
  const last = beats.value.get('shop') ?? []
  assert.deepEqual([last.length, last.at(-1)?.stable, last.at(-1)?.canary], [130, 9, 1])
  const line = (seq: number) => ({ seq }) as JournalLine
  takeLines(Array.from({ length: 500 }, (_each, i) => line(500 - i)))
  takeLines([line(500), line(501)])
  assert.deepEqual([journal.value.length, journal.value[0]?.seq, journal.value.at(-1)?.seq], [400, 102, 501])
})
