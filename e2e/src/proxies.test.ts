/**
 * Behind a real nginx and a real HAProxy, and behind the stand-in for Envoy: the same release file, the same engine; the judge reads what they log.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { unlessLong } from './harness/long-form.ts'
import { noHaproxy, noNginx, standInForEnvoy } from './harness/proxies.ts'
import { over, playScenes, seen, why, type Scene } from './harness/scenes.ts'
import { openStage, type Actor, type ActorOptions, type Stage } from './harness/stage.ts'
import { until } from './harness/until.ts'

const steps = '{ kind: canary, steps: [{ weight: 10%, hold: 2s }, { weight: 50%, hold: 2s }] }'
const servicesOf = (router: string): Readonly<Record<'good' | 'bad', ActorOptions>> => ({
  good: { strategy: steps, more: `    router: ${router}\n` },
  bad: {
    versions: { v1: '{}', v2: '{ env: { FAIL_RATIO: "1" } }' },
    strategy: steps,
    more: `    router: ${router}\n`,
  },
})
/** The others refuse copies. */
const copied: ActorOptions = {
  versions: { v1: '{}', v2: '{ env: { FAIL_RATIO: "1" } }', v3: '{}' },
  strategy: '{ kind: shadow, body: ignore, maxDifferent: 20%, pairs: 60, hold: 1s, bake: 0s }',
  more: '    router: nginx\n',
}

if (unlessLong === false) after(standInForEnvoy())

for (const [router, skip] of [
  ['nginx', noNginx],
  ['haproxy', noHaproxy],
  ['envoy', unlessLong],
] as const)
  test(`behind ${router} a good version is promoted and a bad one goes back`, { skip, timeout: 300_000 }, async (t) => {
    const copies = router === 'nginx'
    await using stage = await openStage({ ...servicesOf(router), ...(copies ? { copied } : {}) })
    const shadow: Scene = ['copies are judged, and users see stable alone', async (actor) => await judged(stage, actor)]
    await playScenes(t, stage, {
      good: ['it goes all the way, and no request is lost in the changes', promoted],
      ...(copies ? { copied: shadow } : {}),
    })
    const bad = stage.actor('bad')
    await bad.client.release({ service: 'bad', to: 'v2', why })
    const { reason } = await bad.rolloutIs('rolled back', over('rolled-back'))
    assert.equal(reason, 'harmful')
    const { failures } = await bad.load.stop()
    // There is no shield: who gets the bad version sees it, and nobody else does.
    assert.ok(failures.length > 0 && failures.every((failure) => /500/.test(failure)), failures.join('; '))
  })

async function promoted(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.ok((await seen(actor, 'v2')) > 20)
}

/** First a version that fails with every copy, then one that answers like stable. */
async function judged({ controlPlane }: Stage, actor: Actor): Promise<void> {
  const { client, name } = actor
  const config = join(controlPlane.dataDirectory, 'services', name, 'nginx', 'split.conf')
  const mirrors = async (): Promise<boolean> => /mirror/i.test(await readFile(config, 'utf8'))
  assert.equal(await mirrors(), false)

  await client.release({ service: name, to: 'v2', why })
  const harmful = await actor.rolloutIs('rolled back', over('rolled-back'))
  assert.deepEqual([harmful.reason, harmful.judgement?.mirror?.verdict], ['harmful', 'harmful'])
  assert.match(harmful.sentence, /mirrored answers differ/)
  await until('no copy is sent any more', async () => !(await mirrors()))

  await client.release({ service: name, to: 'v3', why })
  const held = await actor.rolloutIs('held for a person', over('holding'))
  const { verdict, compared = 0, different, sent = 0 } = held.judgement?.mirror ?? {}
  assert.deepEqual([held.reason, verdict, different], ['pause-step', 'safe', 0])
  assert.ok(compared >= 60 && sent >= compared, `${compared} of ${sent} were compared`)
  assert.ok(await mirrors(), 'while a person thinks, copies go on')
  const [copy] = (await actor.version('v3')).replicas
  const asked = await (await fetch(`${copy?.endpoint ?? ''}/seen`)).text()
  assert.ok(Number(/"GET":(\d+)/.exec(asked)?.[1]) >= compared, `what is compared was asked: ${asked}`)
  assert.deepEqual([await seen(actor, 'v2'), await seen(actor, 'v3')], [0, 0])

  await client.promote({ rollout: name, why })
  await actor.rolloutIs('promoted', over('promoted'))
  await until('it answers', async () => (await seen(actor, 'v3')) > 0)
  assert.equal(await mirrors(), false)
}
