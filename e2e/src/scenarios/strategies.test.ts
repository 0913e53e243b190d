/**
 * Every strategy with real processes behind the real gateway, each on a service of its own under a load that never stops. Nobody may meet a failure
 * that no version made.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SerinError } from '@serin/spec'
import { over, playScenes, seen, why, type Scene } from '../harness/scenes.ts'
import type { ServiceFileOptions } from '../harness/service-file.ts'
import { openStage, type Actor } from '../harness/stage.ts'
import { until } from '../harness/until.ts'

const directory = mkdtempSync(join(tmpdir(), 'serin-sets-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const testSet = join(directory, 'smoke.jsonl')
writeFileSync(testSet, '{"method": "GET", "path": "/health", "expect": {"status": [200]}}\n'.repeat(5))

/** A command that fails for v2. */
const notV2 = JSON.stringify([process.execPath, '-e', 'process.exit(process.env.SERIN_VERSION === "v2" ? 1 : 0)'])
const three = { v1: '{}', v2: '{}', v3: '{}' }
const now = Date.now()
const freeze = `[{ from: "${new Date(now - 60_000).toISOString()}", to: "${new Date(now + 3_600_000).toISOString()}" }]`

const services = {
  switched: {
    strategy: `{ kind: blue-green, gates: [{ kind: requests, file: ${JSON.stringify(testSet)} }, { kind: approval }], over: 5s, bake: 4s }`,
    more: '    preview: 0\n',
  },
  tested: {
    versions: three,
    strategy: `{ kind: blue-green, gates: [{ kind: command, command: ${notV2} }], bake: 2s }`,
  },
  baked: {
    versions: { v1: '{}', v2: '{ env: { FAIL_RATIO: "1" } }', v3: '{}' },
    strategy: '{ kind: blue-green, bake: 30s }',
    more: '    keepAborted: 10m\n    rollbackWindow: 1\n',
  },
  rolled: { versions: three, replicas: 3, strategy: '{ kind: rolling, hold: 2s }' },
  copied: {
    strategy:
      '{ kind: composite, stages: [{ kind: shadow, body: ignore, hold: 2s }, { kind: canary, steps: [{ weight: 20%, replicas: 1 }, { weight: 50%, hold: 1s }] }] }',
  },
  undecided: { strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 1s, units: 100000 }], deadline: 3s }' },
  frozen: { versions: three, strategy: '{ kind: blue-green, bake: 0s }', more: `    freeze: ${freeze}\n` },
  follows: {
    strategy: '{ kind: blue-green, gates: [{ kind: dependency, service: switched, version: v2 }], bake: 0s }',
  },
} as const satisfies Readonly<Record<string, ServiceFileOptions>>

test('every strategy moves users without a failure of its own', { timeout: 600_000, concurrency: true }, async (t) => {
  await using stage = await openStage(services, 40)
  const scenes: Readonly<Record<keyof typeof services, Scene>> = {
    switched: ['green is reached at its preview, validated, approved, switched to, and left again at once', switched],
    tested: ['a version that fails its test is never seen, and the next one passes', tested],
    baked: [
      'a version that fails with all traffic is left by itself and kept to be looked at',
      baked,
      (failure) => failure.includes('500'),
    ],
    rolled: ['copies are replaced one by one, and a way back in the middle is one too', rolled],
    copied: ['copies of requests first, then one copy, then half, then all', copied],
    undecided: ['what the evidence does not decide is held for a person', undecided],
    frozen: ['in a freeze nothing is released but a hotfix', frozen],
    follows: ['a service waits for the one it depends on', follows],
  }
  await playScenes(t, stage, scenes)
})

async function switched(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('waiting for people', ({ gate }) => gate?.kind === 'approval')
  const { preview } = await client.getService({ service: name })
  assert.ok(preview !== null)
  assert.equal(await (await fetch(preview)).text(), 'v2')
  assert.equal(await seen(actor, 'v2'), 0)
  await client.approve({ rollout: name, why })
  const shares = new Set<number>()
  await actor.rolloutIs('promoted', ({ phase, askedBp }) => {
    shares.add(askedBp)
    return phase === 'promoted'
  })
  assert.ok(shares.size >= 4, `it grew evenly: ${[...shares].join(', ')}`)
  await until(
    'its follower to have it too',
    async () => {
      const { stable } = await client.getService({ service: 'follows' })
      return stable === 'v2'
    },
    180_000,
  )
  const back = await client.undo({ service: name, why })
  assert.deepEqual(back.steps, [])
  await actor.rolloutIs('back', over('promoted'))
  assert.equal((await client.getService({ service: name })).stable, 'v1')
}

async function tested(actor: Actor): Promise<void> {
  const { client, name } = actor
  const { id } = await client.release({ service: name, to: 'v2', why })
  const ended = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.deepEqual([ended.reason, await seen(actor, 'v2')], ['gate', 0])
  assert.deepEqual(await actor.story(id), [
    'started',
    'watching 0',
    'gate',
    'rolling-back (gate)',
    'rolled-back (gate)',
  ])
  await client.release({ service: name, to: 'v3', why })
  await actor.rolloutIs('promoted', over('promoted'))
}

async function baked(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  const ended = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.equal(ended.reason, 'harmful')
  assert.match(ended.sentence, /With all traffic/)
  assert.equal((await actor.version('v2')).workload, 'ready')
  await client.release({ service: name, to: 'v3', why })
  await actor.rolloutIs('promoted', over('promoted'))
  const back = await client.release({ service: name, to: 'v1', why })
  assert.deepEqual(back.steps, [], 'v1 was stable before: no steps')
  await actor.rolloutIs('back', over('promoted'))
}

async function rolled(actor: Actor): Promise<void> {
  const { client, name } = actor
  const ready = async (version: string): Promise<number> =>
    (await actor.version(version)).replicas.filter(({ state }) => state === 'ready').length
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.equal(await ready('v2'), 3)
  await client.release({ service: name, to: 'v3', why })
  const there = watchCopies(actor)
  await actor.rolloutIs('two of three', ({ inForceBp }) => inForceBp === 6_667)
  const onTheWay = await there.stop()
  assert.ok(onTheWay.least >= 3, `${onTheWay.least} copies were ready`)
  assert.ok(onTheWay.most <= 4, `${onTheWay.most} copies ran`)
  const back = watchCopies(actor)
  await client.abort({ rollout: name, why })
  await actor.rolloutIs('rolled back', over('rolled-back'))
  await until('all of stable', async () => (await ready('v2')) === 3)
  const { least } = await back.stop()
  assert.ok(least >= 3, `${least} copies were ready on the way back`)
}

/** How many copies of v2 and v3 there were, each time somebody looked: the fewest that were ready, and the most that ran. v1 is kept warm beside them. */
function watchCopies({ client, name }: Actor): {
  stop(): Promise<{ readonly least: number; readonly most: number }>
} {
  const ended = new AbortController()
  let [least, most] = [Infinity, 0]
  const look = async (): Promise<void> => {
    const { versions } = await client.getService({ service: name })
    const states = versions
      .filter((version) => version.name !== 'v1')
      .flatMap(({ replicas }) => replicas.map(({ state }) => state))
    least = Math.min(least, states.filter((state) => state === 'ready').length)
    most = Math.max(most, states.filter((state) => state !== 'stopped').length)
  }
  const looking = (async () => {
    while (!ended.signal.aborted) {
      // A look that fails is made again.
      await look().catch(() => undefined)
      await sleep(25)
    }
  })()
  return {
    async stop() {
      ended.abort()
      await looking
      return { least, most }
    },
  }
}

async function copied(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('compared', ({ judgement }) => (judgement?.mirror?.compared ?? 0) > 0)
  assert.equal(await seen(actor, 'v2'), 0)
  const { judgement } = await actor.rolloutIs('promoted', over('promoted'))
  assert.deepEqual([judgement?.mirror?.different, judgement?.mirror?.verdict], [0, 'safe'])
}

async function undecided(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  const { reason } = await actor.rolloutIs('held', over('holding'))
  assert.equal(reason, 'deadline')
  await client.promote({ rollout: name, why, full: true })
  await actor.rolloutIs('promoted', over('promoted'))
}

async function frozen(actor: Actor): Promise<void> {
  const { client, name } = actor
  const refused = (error: unknown): boolean => error instanceof SerinError && error.code === 'rollout.frozen'
  await assert.rejects(client.release({ service: name, to: 'v2', why }), refused)
  await client.release({ service: name, to: 'v3', hotfix: true, why })
  await actor.rolloutIs('promoted', over('promoted'))
}

async function follows(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('promoted', over('promoted'))
}
