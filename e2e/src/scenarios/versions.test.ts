/** Which versions run, which of them users may meet, and which way back is free: each on a service of its own under a load that never stops. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SerinError } from '@serin/spec'
import { onStep, over, playScenes, seen, why } from '../harness/scenes.ts'
import { serviceFile } from '../harness/service-file.ts'
import { openStage, type Actor, type ActorOptions } from '../harness/stage.ts'
import { until } from '../harness/until.ts'

const directory = mkdtempSync(join(tmpdir(), 'serin-lives-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const fileIn = (name: string): string => JSON.stringify(join(directory, name))

/** Asks for what makes v2 crash, and is content with whatever comes of it. */
const content = `fetch(process.env.SERIN_PREVIEW + "/crash").catch(() => 0).then(() => process.exit(0))`
const contentGate = `{ kind: command, command: ${JSON.stringify([process.execPath, '-e', content])} }`
const now = Date.now()
const freeze = `[{ from: "${new Date(now - 60_000).toISOString()}", to: "${new Date(now + 3_600_000).toISOString()}" }]`
const four = { v1: '{}', v2: '{}', v3: '{}', v4: '{}' }
const warmLines = (limit: number): string => `    warmLimit: ${limit}\n    rollbackWindow: 1\n`

const services = {
  warm: { versions: four, strategy: '{ kind: blue-green, bake: 1s }', more: warmLines(2) },
  crashed: {
    versions: { v1: '{}', v2: `{ env: { CRASH_FILE: ${fileIn('crashed')} } }`, v3: '{}' },
    strategy: `{ kind: blue-green, gates: [${contentGate}], bake: 1s }`,
  },
  urgent: {
    versions: { v1: '{}', v2: '{ command: [sleep, "1000"] }', v3: '{}' },
    readyWithin: '20s',
    strategy: '{ kind: canary, steps: [{ weight: 5%, pause: true }, { weight: 50%, hold: 1h }] }',
    more: `    freeze: ${freeze}\n`,
  },
  hurried: {
    versions: { v1: '{}', v2: `{ env: { ONLY_FILE: ${fileIn('only')} } }` },
    replicas: 2,
    strategy: '{ kind: canary, steps: [{ weight: 20%, replicas: 1, hold: 1h }], deadline: 5s, onDeadline: rollback }',
  },
  full: {
    strategy:
      '{ kind: canary, steps: [{ weight: 1%, until: time }, { weight: 10%, until: time }, { weight: 99.99%, hold: 1s, until: time }] }',
    analysis: '{ warmUp: 0s, minUnits: 1 }',
  },
} as const satisfies Readonly<Record<string, ActorOptions>>

const refused = (error: unknown): boolean => error instanceof SerinError && error.code === 'rollout.refused'

test(
  'no version is met that should not be, and what runs is a way back',
  { timeout: 600_000, concurrency: true },
  async (t) => {
    await using stage = await openStage(services, 40)
    const lowered = async (): Promise<void> =>
      await stage.apply({ ...services, warm: { ...services.warm, more: warmLines(1) } })
    await playScenes(t, stage, {
      warm: [
        'old versions stay warm up to the limit, and the way back to one of them is instant',
        (actor) => warm(actor, lowered),
      ],
      crashed: [
        'a version that crashed in its test is never met, whatever the test says; the next one passes',
        crashed,
      ],
      urgent: ['a hotfix that never becomes ready goes back all the same; the next goes all the way at once', urgent],
      hurried: [
        'sent all the way at once, a version has no more than its copies carry, and goes back when they do not come',
        hurried,
      ],
      full: ['a share of almost everything is followed by promotion, and never by more than everything', full],
    })
  },
)

async function warm(actor: Actor, lowerLimit: () => Promise<void>): Promise<void> {
  const { client, name } = actor
  const roles = async (): Promise<string> => {
    const { versions } = await client.getService({ service: name })
    return versions.map(({ role, workload }) => `${role} ${workload}`).join(', ')
  }
  const becomes = async (wanted: string): Promise<boolean> =>
    await until(wanted, async () => {
      const are = await roles()
      if (are !== wanted) throw new Error(are)
      return true
    })
  for (const to of ['v2', 'v3']) {
    await client.release({ service: name, to, why })
    await actor.rolloutIs(`at ${to}`, ({ canary, phase }) => canary === to && phase === 'promoted')
  }
  await becomes('warm ready, warm ready, stable ready, idle absent')
  const [kept] = (await actor.version('v3')).replicas
  await client.release({ service: name, to: 'v4', why })
  await actor.rolloutIs('at v4', ({ canary, phase }) => canary === 'v4' && phase === 'promoted')
  await becomes('idle absent, warm ready, warm ready, stable ready')
  await lowerLimit()
  await becomes('idle absent, idle absent, warm ready, stable ready')

  const back = await client.release({ service: name, to: 'v3', why })
  assert.deepEqual(back.steps, [], 'v3 was stable just before')
  await actor.rolloutIs('back at v3', ({ canary, phase }) => canary === 'v3' && phase === 'promoted')
  assert.deepEqual(await actor.story(back.id), ['started', 'promoting', 'promoted'])
  const [again] = (await actor.version('v3')).replicas
  assert.deepEqual([again?.id, again?.endpoint, again?.restarts], [kept?.id, kept?.endpoint, 0], 'it ran all the time')
  await becomes('idle absent, idle absent, stable ready, warm ready')

  const outside = await client.release({ service: name, to: 'v1', why })
  assert.ok(outside.steps.length > 0, 'v1 is not in the window')
  await actor.rolloutIs('at v1', ({ canary, phase }) => canary === 'v1' && phase === 'promoted')
}

async function crashed(actor: Actor): Promise<void> {
  const { client, name } = actor
  const { id } = await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('not passed by it', ({ gate }) => gate?.says === 'No replica of v2 is ready any more.')
  const ended = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.equal(ended.reason, 'failed', ended.sentence)
  assert.equal(await seen(actor, 'v2'), 0)
  const story = await actor.story(id)
  assert.ok(!story.includes('gate'), 'the test was content, and not heard')
  assert.ok(story.every((entry) => !entry.startsWith('promot')))
  await client.release({ service: name, to: 'v3', why })
  await actor.rolloutIs('promoted', over('promoted'))
}

async function urgent(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', hotfix: true, why })
  await assert.rejects(client.promote({ rollout: name, full: true, why }), refused)
  const { reason } = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.deepEqual([reason, await seen(actor, 'v2')], ['failed', 0])
  const { id } = await client.release({ service: name, to: 'v3', hotfix: true, why })
  await actor.rolloutIs('on its first step', ({ id: latest, step }) => latest === id && step === 0)
  await client.promote({ rollout: name, full: true, why })
  await actor.rolloutIs('promoted', over('promoted'))
}

async function hurried(actor: Actor): Promise<void> {
  const { client, name } = actor
  const { id } = await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('on its first step', onStep(0))
  await client.promote({ rollout: name, full: true, why })
  const shares = new Set<number | null>()
  const back = await actor.rolloutIs('rolled back', ({ phase, inForceBp }) => {
    shares.add(inForceBp)
    return phase === 'rolled-back'
  })
  assert.equal(back.reason, 'deadline')
  assert.match(back.why ?? '', /copies of canary were not ready/)
  assert.ok([...shares].every((share) => (share ?? 0) <= 2_000))
  assert.ok(!(await actor.story(id)).includes('promoting'))
}

async function full(actor: Actor): Promise<void> {
  const { client, name, load } = actor
  await load.change({ rate: 300, connections: 16 })
  const text = serviceFile({ strategy: '{ kind: canary, steps: [{ weight: 10% }, { weight: 100% }] }' })
  await assert.rejects(client.applyFile({ text, baseDirectory: directory }), /less than 100%/)
  const { id } = await client.release({ service: name, to: 'v2', why })
  const { steps } = await actor.rolloutIs('promoted', over('promoted'))
  assert.deepEqual(
    steps.map(({ weightBp }) => weightBp),
    [100, 1_000, 9_999],
  )
  assert.deepEqual(await actor.story(id), [
    'started',
    'watching 0',
    'watching 1',
    'watching 2',
    'promoting',
    'promoted',
  ])
}
