/**
 * Behind a real nginx and a real HAProxy, and behind the stand-in for Envoy: the same release file, the same engine; the judge reads what they log.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { unlessLong } from './harness/long-form.ts'
import { noHaproxy, noNginx, standInForEnvoy } from './harness/proxies.ts'
import { over, playScenes, seen, why } from './harness/scenes.ts'
import { openStage, type Actor, type ActorOptions } from './harness/stage.ts'

const steps = '{ kind: canary, steps: [{ weight: 10%, hold: 2s }, { weight: 50%, hold: 2s }] }'
const servicesOf = (router: string): Readonly<Record<'good' | 'bad', ActorOptions>> => ({
  good: { strategy: steps, more: `    router: ${router}\n` },
  bad: {
    versions: { v1: '{}', v2: '{ env: { FAIL_RATIO: "1" } }' },
    strategy: steps,
    more: `    router: ${router}\n`,
  },
})

if (unlessLong === false) after(standInForEnvoy())

for (const [router, skip] of [
  ['nginx', noNginx],
  ['haproxy', noHaproxy],
  ['envoy', unlessLong],
] as const)
  test(`behind ${router} a good version is promoted and a bad one goes back`, { skip, timeout: 300_000 }, async (t) => {
    await using stage = await openStage(servicesOf(router))
    await playScenes(t, stage, {
      good: ['it goes all the way, and no request is lost in the changes', promoted],
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
