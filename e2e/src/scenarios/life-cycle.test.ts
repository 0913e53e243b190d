/**
 * What people ask of a rollout on its way, each on a service of its own under a load that never stops: the control plane is asked through its API,
 * versions are processes, and not one request may fail.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SerinError, type Rollout } from '@serin/spec'
import { unlessLong } from '../harness/long-form.ts'
import { onStep, over, playScenes, why, type Scene } from '../harness/scenes.ts'
import type { ServiceFileOptions } from '../harness/service-file.ts'
import { openStage, type Actor } from '../harness/stage.ts'
import { until } from '../harness/until.ts'

const versions = { v1: '{}', v2: '{}', v3: '{}' }
const forEver = '{ kind: canary, steps: [{ weight: 50%, hold: 1h }] }'
const canary = (steps: string): string => `{ kind: canary, steps: [${steps}] }`

const services = {
  retried: {
    strategy: canary('{ weight: 50%, hold: 1s, pause: true }, { weight: 75%, hold: 1s }'),
  },
  promoted: {
    versions,
    strategy: canary('{ weight: 20%, pause: true }, { weight: 50%, hold: 1h }, { weight: 80%, hold: 1h }'),
  },
  changed: { versions, strategy: forEver },
  late: {
    versions: { v1: '{}', v2: '{ command: [sleep, "1000"] }', v3: '{}' },
    readyWithin: '20s',
    strategy: '{ kind: canary, steps: [{ weight: 50%, hold: 22s }], deadline: 20s }',
  },
  paused: { strategy: canary('{ weight: 30%, hold: 2s }, { weight: 60%, hold: 1s }') },
  sticky: { strategy: canary('{ weight: 50%, hold: 1h }, { weight: 80%, hold: 1h }') },
  cycled: { strategy: canary('{ weight: 5%, hold: 1s }, { weight: 50%, hold: 1h }') },
} as const satisfies Readonly<Record<string, ServiceFileOptions>>

const held = ({ phase, reason }: Rollout): boolean => phase === 'holding' && reason === 'pause-step'
const refused = (error: unknown): boolean => error instanceof SerinError && error.code === 'rollout.refused'

test(
  'a rollout goes where it is told and nowhere else, and no request fails',
  { timeout: 600_000, concurrency: true, skip: unlessLong },
  async (t) => {
    await using stage = await openStage(services)
    const scenes: Readonly<Record<keyof typeof services, Scene>> = {
      retried: ['aborted it serves stable alone; retried it starts at its first step', retried],
      promoted: ['promote goes one step from wherever it is, and all the way when told to', promoted],
      changed: [
        'a new version in the middle takes the place of the old one; stable asked for ends it at once',
        changed,
      ],
      late: ['a version that never becomes ready fails at its deadline; a long hold is no such delay', late],
      paused: ['what a person paused no timer lets go', paused],
      sticky: ['who has seen a version stays with it, and a growing share only adds', sticky],
      cycled: [
        'create, grow, promote, go back, a third version: the share is as asked all the way',
        async (actor) => await cycled(actor, async () => await stage.apply({ ...services, cycled: withThird })),
      ],
    }
    await playScenes(t, stage, scenes)
  },
)

async function retried(actor: Actor): Promise<void> {
  const { client, load } = actor
  const { id } = await client.release({ service: 'retried', to: 'v2', why })
  await actor.rolloutIs('held', held)
  await client.abort({ rollout: id, why })
  await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.equal((await actor.version('v2')).inForceBp, 0)
  const before = await load.report()
  // Those that were under way when it went back have been answered meanwhile.
  const later = await until('fifty more answers', async () => {
    const now = await load.report()
    return now.answered - before.answered > 50 ? now : null
  })
  const last = await until('fifty more answers', async () => {
    const now = await load.report()
    return now.answered - later.answered > 50 ? now : null
  })
  assert.equal(last.byVersion['v2'], later.byVersion['v2'], 'v1 serves all')

  const again = await client.retry({ rollout: id, why })
  assert.equal(again.attempt, 2)
  await actor.rolloutIs('held again', held)
  await client.promote({ rollout: id, why, seenStep: 0 })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.deepEqual(await actor.story(id), [
    'started',
    'watching 0',
    'holding 0 (pause-step)',
    'abort',
    'rolling-back (aborted)',
    'rolled-back (aborted)',
    'retry',
    'preparing',
    'watching 0',
    'holding 0 (pause-step)',
    'promote',
    'watching 1',
    'promoting',
    'promoted',
  ])
}

async function promoted(actor: Actor): Promise<void> {
  const { client } = actor
  const { id } = await client.release({ service: 'promoted', to: 'v2', why })
  await actor.rolloutIs('held', held)
  await client.promote({ rollout: id, why, seenStep: 0 })
  await actor.rolloutIs('on its second step', onStep(1))
  await assert.rejects(client.promote({ rollout: id, why, seenStep: 0 }), refused, 'a stale click')
  await client.promote({ rollout: id, why, seenStep: 1 })
  await actor.rolloutIs('on its third step', onStep(2))
  await client.pause({ rollout: id, why })
  await client.promote({ rollout: id, why, seenStep: 2 })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.deepEqual((await actor.story(id)).slice(2), [
    'holding 0 (pause-step)',
    'promote',
    'watching 1',
    'promote',
    'watching 2',
    'pause',
    'holding 2 (operator)',
    'promote',
    'promoting',
    'promoted',
  ])

  const next = await client.release({ service: 'promoted', to: 'v3', why })
  await assert.rejects(client.promote({ rollout: next.id, why, full: true }), refused, 'too early')
  await client.abort({ rollout: next.id, why })
  await actor.rolloutIs('rolled back', over('rolled-back'))
  await assert.rejects(client.promote({ rollout: next.id, why, full: true }), refused, 'too late')
  await client.retry({ rollout: next.id, why })
  await actor.rolloutIs('on its way again', ({ step }) => step === 0)
  await client.promote({ rollout: next.id, why, full: true })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.equal((await client.getService({ service: 'promoted' })).stable, 'v3')
}

async function changed(actor: Actor): Promise<void> {
  const { client } = actor
  const first = await client.release({ service: 'changed', to: 'v2', why })
  await actor.rolloutIs('under way', ({ evidenceMs }) => evidenceMs > 0)
  const second = await client.release({ service: 'changed', to: 'v3', onActive: 'supersede', why })
  assert.equal(second.evidenceMs, 0)
  assert.equal(second.exposedUnits, 0)
  await until('v2 to be gone', async () => {
    const { workload, inForceBp } = await actor.version('v2')
    return workload === 'absent' && inForceBp === 0
  })
  const { phase, reason } = await actor.rollout(first.id)
  assert.deepEqual([phase, reason], ['rolled-back', 'superseded'])
  await actor.rolloutIs('on its first step', onStep(0))
  assert.equal((await client.getService({ service: 'changed' })).stable, 'v1')

  const ended = await client.release({ service: 'changed', to: 'v1', why })
  assert.deepEqual([ended.id, ended.phase, ended.reason], [second.id, 'rolling-back', 'aborted'])
  const end = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.equal(end.startedAt, second.startedAt)
  assert.deepEqual(await actor.story(second.id), [
    'started',
    'watching 0',
    'abort',
    'rolling-back (aborted)',
    'rolled-back (aborted)',
  ])
}

async function late(actor: Actor): Promise<void> {
  const { client, load } = actor
  const { id } = await client.release({ service: 'late', to: 'v2', why })
  const end = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.equal(end.reason, 'failed')
  assert.deepEqual(await actor.story(id), ['started', 'rolling-back (failed)', 'rolled-back (failed)'])
  await until('v2 to be stopped', async () => (await actor.version('v2')).replicas.length === 0)
  assert.equal((await load.report()).byVersion['v2'], undefined)
  // A hold that is longer than the time a version has to become ready, and than the deadline of a step.
  const good = await client.release({ service: 'late', to: 'v3', why })
  await actor.rolloutIs('promoted', ({ id: latest, phase }) => latest === good.id && phase === 'promoted')
  assert.deepEqual(await actor.story(good.id), ['started', 'watching 0', 'promoting', 'promoted'])
}

async function paused(actor: Actor): Promise<void> {
  const { client } = actor
  const { id } = await client.release({ service: 'paused', to: 'v2', why })
  await actor.rolloutIs('on its first step', ({ step }) => step === 0)
  const { step } = await client.pause({ rollout: id, why })
  await sleep(6_000)
  const later = await actor.rollout()
  assert.deepEqual([later.phase, later.reason, later.step], ['holding', 'operator', step])
  await client.resume({ rollout: id, why })
  await actor.rolloutIs('promoted', over('promoted'))
}

async function sticky(actor: Actor): Promise<void> {
  const { client } = actor
  const { id } = await client.release({ service: 'sticky', to: 'v2', why })
  await actor.rolloutIs('on its first step', onStep(0))
  const first = await seenBy(actor)
  for (let again = 0; again < 4; again += 1) assert.deepEqual(await seenBy(actor), first)
  assert.equal(new Set(first.values()).size, 2, 'both versions serve')
  await client.promote({ rollout: id, why })
  await actor.rolloutIs('on its second step', onStep(1))
  const grown = await seenBy(actor)
  for (const [user, version] of first) if (version === 'v2') assert.equal(grown.get(user), 'v2', `${user} flipped back`)
  assert.ok([...grown.values()].filter((version) => version === 'v2').length > 25)
  await client.abort({ rollout: id, why })
  await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.deepEqual(new Set((await seenBy(actor)).values()), new Set(['v1']))
}

/** What forty users get. */
async function seenBy({ address }: Actor): Promise<ReadonlyMap<string, string>> {
  const users = Array.from({ length: 40 }, (_, i) => `person-${i}`)
  const asked = users.map(async (user) => {
    const answer = await fetch(address, { headers: { 'x-user': user } })
    return [user, await answer.text()] as const
  })
  return new Map(await Promise.all(asked))
}

const withThird = { ...services.cycled, versions }

async function cycled(actor: Actor, addThird: () => Promise<void>): Promise<void> {
  const { client, load } = actor
  const rollout = 'cycled'
  await load.change({ rate: 200, connections: 16 })
  await client.release({ service: 'cycled', to: 'v2', why })
  await actor.rolloutIs('at half', onStep(1))
  const share = await shareOf(actor, 'v2')
  assert.ok(share > 0.4 && share < 0.6, `${share} of the requests go to v2`)
  await client.promote({ rollout, why, full: true })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.equal(await shareOf(actor, 'v2'), 1)
  await client.undo({ service: 'cycled', why })
  await until('v1 to be stable', async () => (await client.getService({ service: 'cycled' })).stable === 'v1')
  assert.equal(await shareOf(actor, 'v2'), 0)
  await addThird()
  await client.release({ service: 'cycled', to: 'v3', why })
  await actor.rolloutIs('at half', onStep(1))
  await client.promote({ rollout, why, full: true })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.equal(await shareOf(actor, 'v3'), 1)
}

/** Part of the next five hundred answers that a version gives, after those that are under way. */
async function shareOf({ load }: Actor, version: string): Promise<number> {
  const after = async (count: number) => {
    const { answered } = await load.report()
    return await until(`${count} answers`, async () => {
      const now = await load.report()
      return now.answered - answered >= count ? now : null
    })
  }
  const before = await after(20)
  const then = await after(500)
  return ((then.byVersion[version] ?? 0) - (before.byVersion[version] ?? 0)) / (then.answered - before.answered)
}
