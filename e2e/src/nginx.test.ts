/** Behind a real nginx: the same release file, the same engine; the judge reads what nginx logs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noNginx } from './harness/nginx.ts'
import { over, playScenes, seen, why } from './harness/scenes.ts'
import { openStage, type Actor, type ActorOptions } from './harness/stage.ts'

const steps = '{ kind: canary, steps: [{ weight: 10%, hold: 2s }, { weight: 50%, hold: 2s }] }'
const services = {
  good: { strategy: steps, more: '    router: nginx\n' },
  bad: {
    versions: { v1: '{}', v2: '{ env: { FAIL_RATIO: "1" } }' },
    strategy: steps,
    more: '    router: nginx\n',
  },
} as const satisfies Readonly<Record<string, ActorOptions>>

test(
  'behind nginx a good version is promoted and a bad one goes back',
  { skip: noNginx, timeout: 300_000, concurrency: true },
  async (t) => {
    await using stage = await openStage(services)
    await playScenes(t, stage, {
      good: ['it goes all the way, and no request is lost in the reloads', promoted],
    })
    const bad = stage.actor('bad')
    await bad.client.release({ service: 'bad', to: 'v2', why })
    const { reason } = await bad.rolloutIs('rolled back', over('rolled-back'))
    assert.equal(reason, 'harmful')
    const { failures } = await bad.load.stop()
    // There is no shield: who gets the bad version sees it, and nobody else does.
    assert.ok(failures.length > 0 && failures.every((failure) => /500/.test(failure)), failures.join('; '))
  },
)

async function promoted(actor: Actor): Promise<void> {
  const { client, name } = actor
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('promoted', over('promoted'))
  assert.ok((await seen(actor, 'v2')) > 20)
}
