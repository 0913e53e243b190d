/** Releases of several stages: what is asked outside, what is copied, and what an experiment decides. Each on a service of its own under a load that never stops. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { onStep, over, playScenes, seen, why } from '../harness/scenes.ts'
import { openStage, type Actor, type ActorOptions } from '../harness/stage.ts'
import { until } from '../harness/until.ts'

/** Somebody who says when. */
const asked = { paths: [] as string[], status: 503 }
const somebody = createServer((request, response) => {
  asked.paths.push(request.url ?? '')
  response.writeHead(asked.status).end()
})
await new Promise<void>((resolve) => void somebody.listen(0, '127.0.0.1', resolve))
after(() => {
  somebody.close()
  somebody.closeAllConnections()
})
const place = somebody.address()
const port = place === null || typeof place === 'string' ? 0 : place.port

const services = {
  asked: {
    strategy: `{ kind: blue-green, gates: [{ kind: http, url: "http://127.0.0.1:${port}/may?version={version}", every: 200ms }], bake: 0s }`,
  },
  copied: {
    strategy:
      '{ kind: canary, steps: [{ weight: 0%, mirror: { body: ignore, pairs: 30 }, pause: true }, { weight: 10%, hold: 1h }] }',
  },
  composed: {
    replicas: 2,
    strategy: `
      kind: composite
      stages:
        - { kind: validate, gates: [{ kind: http, url: "{preview}/health" }] }
        - { kind: canary, steps: [{ weight: 1%, replicas: 1, pause: true, until: time }] }
        - { kind: ab, share: 25%, goal: clicks, units: 1000000 }
        - { kind: canary, steps: [{ weight: 50%, hold: 1s }] }
        - { kind: switch, over: 2s }`,
    metrics: 'clicks: { kind: observation, role: goal, better: higher }',
    analysis: '{ warmUp: 0s, minUnits: 5 }',
    more: '    preview: 0\n',
  },
  chosen: {
    versions: { v1: '{}', v2: '{}', v3: '{}' },
    strategy: '{ kind: ab, share: 60%, goal: clicks, units: 2000, hold: 1s }',
    metrics: 'clicks: { kind: observation, role: goal, better: higher }',
    analysis: '{ warmUp: 0s, minUnits: 5 }',
  },
} as const satisfies Readonly<Record<string, ActorOptions>>

test('stage by stage a version gets what it has earned', { timeout: 600_000, concurrency: true }, async (t) => {
  await using stage = await openStage(services, 40)
  await playScenes(t, stage, {
    asked: ['as long as somebody outside says no, no user meets it', mayBegin],
    copied: ['requests are copied to it before it has any, writes are not, and then copies end', copied],
    composed: [
      'it is validated, then one copy with one percent, a quarter until it is shown to be better, half, all',
      composed,
    ],
    chosen: ['of two challengers the better one takes the place of stable, and the other gets nothing more', chosen],
  })
})

async function mayBegin(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('told no', ({ gate }) => gate?.says?.includes('503') ?? false)
  await until('to be asked again', () => asked.paths.length > 2)
  assert.deepEqual([(await actor.rollout()).step, await seen(actor, 'v2')], [0, 0])
  assert.deepEqual([...new Set(asked.paths)], ['/may?version=v2'])
  asked.status = 200
  await actor.rolloutIs('promoted', over('promoted'))
}

async function copied(actor: Actor): Promise<void> {
  const { client, name, address, load } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('compared', ({ phase, reason }) => phase === 'holding' && reason === 'pause-step')
  const [replica] = (await actor.version('v2')).replicas
  const requests = async (): Promise<Readonly<Record<string, number>>> => {
    const answer = await fetch(`${replica?.endpoint ?? ''}/seen`)
    return (await answer.json()) as Readonly<Record<string, number>>
  }
  for (let i = 0; i < 30; i += 1) {
    const answer = await fetch(address, { method: 'POST', body: 'an order' })
    assert.equal(await answer.text(), 'v1')
  }
  const reads = (await requests())['GET'] ?? 0
  await until('more copies after the writes', async () => ((await requests())['GET'] ?? 0) > reads + 30)
  assert.equal((await requests())['POST'], undefined, 'no write was done twice')
  assert.equal(await seen(actor, 'v2'), 0)

  await client.promote({ rollout: name, seenStep: 0, why })
  await actor.rolloutIs('at a tenth', onStep(1))
  const count = async () => ({ asked: (await requests())['GET'] ?? 0, report: await load.report() })
  const more = async (answers: number): ReturnType<typeof count> => {
    const { answered } = await load.report()
    await until(`${answers} answers`, async () => (await load.report()).answered - answered >= answers)
    return await count()
  }
  // Those under way when the share changed.
  const from = await more(40)
  const to = await more(400)
  const served = (to.report.byVersion['v2'] ?? 0) - (from.report.byVersion['v2'] ?? 0)
  const answered = to.report.answered - from.report.answered
  assert.ok(
    to.asked - from.asked < answered / 2,
    `${to.asked - from.asked} of ${answered} requests, ${served} for users`,
  )
  assert.ok(to.asked - from.asked >= served - 20 && served > 0)
  await client.abort({ rollout: name, why })
  await actor.rolloutIs('rolled back', over('rolled-back'))
}

async function composed(actor: Actor): Promise<void> {
  const { client, name, load } = actor
  await load.change({ rate: 200, connections: 16 })
  const { id, steps } = await client.release({ service: name, to: 'v2', why })
  assert.deepEqual(
    steps.slice(0, 4).map(({ weightBp }) => weightBp),
    [0, 100, 2_500, 5_000],
  )
  await actor.rolloutIs('at one percent', ({ phase, inForceBp }) => phase === 'holding' && inForceBp === 100)
  const ready = async (): Promise<number> =>
    (await actor.version('v2')).replicas.filter(({ state }) => state === 'ready').length
  await until('one copy for one percent', async () => (await actor.version('v2')).replicas.length === 1)
  await client.promote({ rollout: name, seenStep: 1, why })
  await actor.rolloutIs('at a quarter', onStep(2))
  assert.equal(await ready(), 2)
  let round = 0
  await until(
    'it to be shown better',
    async () => {
      await observed(actor, round++)
      const { step, phase } = await actor.rollout()
      return phase === 'promoted' || (phase === 'watching' && step !== 2)
    },
    180_000,
  )
  await actor.rolloutIs('promoted', over('promoted'))
  assert.deepEqual(
    (await actor.story(id)).filter((entry) => /^watching|promoted/.test(entry)),
    [...steps.map((_, i) => `watching ${i}`), 'promoted'],
  )
}

async function chosen(actor: Actor): Promise<void> {
  const { client, name, load } = actor
  await load.change({ rate: 200, connections: 16 })
  await client.release({ service: name, to: 'v2', rivals: ['v3'], why })
  await actor.rolloutIs('all three at work', ({ phase, inForceBp }) => phase === 'watching' && inForceBp === 3_000)
  let round = 0
  await until(
    'one to be chosen',
    async () => {
      await observed(actor, round++, 'v3')
      return (await actor.rollout()).canary === 'v3'
    },
    180_000,
  )
  await until('it to be promoted', async () => {
    await observed(actor, round++, 'v3')
    return (await actor.rollout()).phase === 'promoted'
  })
  const { stable } = await client.getService({ service: name })
  assert.equal(stable, 'v3')
  const before = await seen(actor, 'v2')
  const answers = (await load.report()).answered
  await until('two hundred answers', async () => (await load.report()).answered > answers + 200)
  // What was under way when the experiment ended may still have been answered by it.
  assert.ok((await seen(actor, 'v2')) <= before + 5)
}

/** Forty users, of whom those that met one version are content far more often. */
async function observed({ client, name, address }: Actor, round: number, best = 'v2'): Promise<void> {
  const asking = Array.from({ length: 40 }, async (_, i) => {
    const unit = `user-${(round * 40 + i) % 5_000}`
    const version = await (await fetch(address, { headers: { 'x-user': unit } })).text()
    const isContent = i % 10 === 0 ? version === 'v1' : version === best
    return { service: name, metric: 'clicks', unit, value: isContent ? 1 : 0 }
  })
  await client.observe({ observations: await Promise.all(asking) })
}
