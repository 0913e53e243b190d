/** Somebody changes a router by hand while a rollout is under way: with `onDrift: correct` it is put right, with `report` it is left and said. */
import type { RoutingTable } from '@serin/core'
import type { GatewayIdentity } from '@serin/gateway'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { unlessLong } from './harness/long-form.ts'
import { noHaproxy, noNginx } from './harness/proxies.ts'
import { onStep, playScenes, why, type Scene } from './harness/scenes.ts'
import { openStage, type Actor, type ActorOptions } from './harness/stage.ts'
import { until } from './harness/until.ts'

const routers = { nginx, haproxy, gateway }
const answers = ['correct', 'report'] as const
/** The engine answers alike whatever the router; the long form (SERIN_LONG=1) plays all six. */
const inGate = ['nginx-correct', 'haproxy-report']
const strategy = '{ kind: canary, steps: [{ weight: 25%, hold: 10s }, { weight: 50%, hold: 1h }] }'

test(
  'a change by hand is put right, or left and told, as the service says',
  { timeout: 300_000, skip: noNginx === false ? noHaproxy : noNginx },
  async (t) => {
    const services: Record<string, ActorOptions> = {}
    for (const router of Object.keys(routers))
      for (const onDrift of answers.filter((answer) => unlessLong === false || inGate.includes(`${router}-${answer}`)))
        services[`${router}-${onDrift}`] = { strategy, more: `    router: ${router}\n    onDrift: ${onDrift}\n` }
    await using stage = await openStage(services, 40)
    const scenes: Record<string, Scene> = {}
    for (const name of Object.keys(services)) {
      const [router = '', onDrift] = name.split('-')
      const byHand = routers[router as keyof typeof routers]
      const hand = byHand(join(stage.controlPlane.dataDirectory, 'services', name, router))
      scenes[name] =
        onDrift === 'report'
          ? ['left and told', async (actor) => await left(actor, hand)]
          : ['put right', async (actor) => await corrected(actor, hand)]
    }
    await playScenes(t, stage, scenes)
  },
)

/** Gives canary another share behind the back of the control plane, in basis points. */
type ByHand = (fromBp: number, toBp: number) => Promise<void>

async function corrected(actor: Actor, byHand: ByHand): Promise<void> {
  await begin(actor)
  await byHand(2_500, 4_000)
  const [drifted] = await until('it to be told', async () => await told(actor, 'routing.drifted', 1))
  assert.equal(drifted?.['left'], false)
  await until('it to be put right', async () => (await shareOf(actor)) === 2_500)
  assert.equal((await actor.rollout()).phase, 'watching')
}

async function left(actor: Actor, byHand: ByHand): Promise<void> {
  await begin(actor)
  await byHand(2_500, 4_000)
  const [drifted] = await until('it to be told', async () => await told(actor, 'routing.drifted', 1))
  assert.equal(drifted?.['left'], true)
  const { trouble } = await actor.client.getService({ service: actor.name })
  assert.match(trouble.join(), /Somebody changed the router: it gives v2 40 %, v1 60 %, not v2 25 %, v1 75 %\./)
  const before = await actor.rollout()
  assert.deepEqual([before.step, before.askedBp, before.inForceBp], [0, 2_500, 4_000])
  await sleep(4_000)
  const after = await actor.rollout()
  assert.deepEqual([after.inForceBp, after.evidenceMs], [4_000, before.evidenceMs], 'nobody touched it, no time counts')
  assert.ok(after.exposedRequests > before.exposedRequests, 'people were served all the same')
  if (actor.name.startsWith('gateway')) {
    await actor.client.promote({ rollout: actor.name, seenStep: 0, why })
  } else {
    await byHand(4_000, 2_500)
    await until('it to be settled', async () => await told(actor, 'routing.settled', 1))
  }
  await actor.rolloutIs('on the second step', onStep(1))
  assert.equal((await told(actor, 'routing.drifted', 1)).length, 1)
}

async function begin(actor: Actor): Promise<void> {
  await actor.client.release({ service: actor.name, to: 'v2', why })
  await actor.rolloutIs('on the first step', (rollout) => onStep(0)(rollout) && rollout.evidenceMs > 1_000)
}

async function shareOf({ client, name }: Actor): Promise<number | null> {
  const { versions } = await client.getService({ service: name })
  return versions.find((version) => version.name === 'v2')?.inForceBp ?? null
}

/** What the journal says of a kind, once it says it so often. */
async function told(
  { client, name }: Actor,
  kind: string,
  times: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { entries } = await client.journal({ stream: `service/${name}`, limit: 1_000 })
  const found = entries.filter((entry) => entry.kind === kind).map(({ data }) => data)
  if (found.length < times) throw new Error(`${kind} was told ${found.length} times`)
  return found
}

function nginx(folder: string): ByHand {
  return async (fromBp, toBp) => {
    const file = join(folder, 'split.conf')
    const text = readFileSync(file, 'utf8')
    const changed = text.replace(`${(fromBp / 100).toFixed(2)}%`, `${(toBp / 100).toFixed(2)}%`)
    assert.notEqual(changed, text)
    writeFileSync(file, changed)
    process.kill(Number(readFileSync(join(folder, 'split.pid'), 'utf8')), 'SIGHUP')
  }
}

function haproxy(folder: string): ByHand {
  return async (fromBp, toBp) => {
    const map = join(folder, 'table.map')
    const ask = async (command: string): Promise<string> => {
      const socket = connect(join(folder, 'admin.sock'))
      let answer = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
      socket.write(`${command}\n`)
      await once(socket, 'end')
      return answer
    }
    const split = / split (\S+)/.exec(await ask(`show map ${map}`))?.[1] ?? ''
    const changed = split.replace(`:${fromBp}:v2`, `:${toBp}:v2`).replace(/\d+:v1/, `${10_000 - toBp}:v1`)
    assert.notEqual(changed, split)
    await ask(`set map ${map} split ${changed}`)
  }
}

/** The gateway takes tables with its token only, and only newer ones: nobody can take a change back but by another. */
function gateway(folder: string): ByHand {
  return async (_fromBp, toBp) => {
    const { adminPort, token }: GatewayIdentity = JSON.parse(readFileSync(join(folder, 'gateway.json'), 'utf8'))
    const table: RoutingTable = JSON.parse(readFileSync(join(folder, 'table.json'), 'utf8'))
    const arms = table.arms.map((arm) => ({ ...arm, weightBp: arm.version === 'v2' ? toBp : 10_000 - toBp }))
    const answer = await fetch(`http://127.0.0.1:${adminPort}/routing`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ ...table, arms, revision: table.revision + 1 }),
    })
    assert.equal(answer.status, 200, await answer.text())
  }
}
