/** Several services released as one, under load: real processes, real gateways, and not one request may fail because of a switch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Release } from '@serin/spec'
import type { Client } from '@serin/sdk'
import type { ServiceFileOptions } from './harness/service-file.ts'
import { openStage, type Actor } from './harness/stage.ts'
import { until } from './harness/until.ts'

const quick = '{ kind: canary, steps: [{ weight: 20%, hold: 2s }, { weight: 50%, hold: 1s }] }'
const forEver = '{ kind: canary, steps: [{ weight: 50%, hold: 1h }] }'
const failing = { v1: '{}', v2: '{ env: { FAIL_RATIO: "1" } }' }
const services = {
  api: { strategy: quick },
  web: { strategy: quick, versions: failing },
  first: { strategy: quick },
  second: { strategy: forEver },
} as const satisfies Readonly<Record<string, ServiceFileOptions>>

const why = 'as the scenario says'
const patienceMs = 180_000

const start = (client: Client, ...names: readonly string[]): Promise<Release> =>
  client.startRelease({ members: names.map((service) => ({ service, to: 'v2' })), order: 'sequence', why })

const releaseIs = (client: Client, id: string, holds: (release: Release) => boolean): Promise<Release> =>
  until(
    `${id} to be as described`,
    async () => {
      const release = await client.getRelease({ release: id })
      if (!holds(release)) throw new Error(release.sentence)
      return release
    },
    patienceMs,
  )

/** v1 is stable and has all the traffic. */
async function isBack(actor: Actor): Promise<void> {
  const { stable } = await actor.client.getService({ service: actor.name })
  assert.equal(stable, 'v1')
  await until(`${actor.name} to be served by v1`, async () => (await actor.version('v1')).inForceBp === 10_000)
}

test('coupled releases, one service at a time', { timeout: 600_000, concurrency: true }, async (t) => {
  await using stage = await openStage(services)
  const { client } = stage
  await Promise.all([
    t.test('a second member that does harm takes the promoted first one back', { timeout: 500_000 }, async () => {
      const [api, web] = [stage.actor('api'), stage.actor('web')]
      const { id } = await start(client, 'api', 'web')
      await releaseIs(client, id, ({ members }) => members[1]?.stage === 'out')
      assert.equal((await client.getService({ service: 'api' })).stable, 'v2')
      const end = await releaseIs(client, id, ({ endedAt }) => endedAt !== null)
      assert.equal(end.state, 'reversed')
      assert.match(end.why, /^web: v2 was rolled back \(harmful\)/)
      await isBack(api)
      await isBack(web)
      const counted = await api.load.stop()
      assert.deepEqual([counted.failures, counted.answered], [[], counted.sent])
      assert.ok((counted.byVersion['v2'] ?? 0) > 0, 'v2 of the api has served')
      const failed = await web.load.stop()
      assert.ok(failed.failed > 0)
      assert.ok(
        failed.failures.every((failure) => failure.includes('status 500: ')),
        failed.failures.join('\n'),
      )
    }),
    t.test('abort in the middle takes a finished member back as well', { timeout: 500_000 }, async () => {
      const [first, second] = [stage.actor('first'), stage.actor('second')]
      const { id } = await start(client, 'first', 'second')
      // A table in force has served nobody yet: whoever aborts at once takes back what nobody saw.
      await second.rolloutIs(
        'half on v2, and seen by somebody',
        ({ inForceBp, exposedRequests }) => inForceBp === 5_000 && exposedRequests > 0,
      )
      assert.equal((await client.getService({ service: 'first' })).stable, 'v2')
      const aborted = await client.abortRelease({ release: id, why })
      assert.deepEqual([aborted.state, aborted.by], ['reversing', 'admin'])
      assert.equal((await releaseIs(client, id, ({ endedAt }) => endedAt !== null)).state, 'reversed')
      for (const actor of [first, second]) {
        await isBack(actor)
        const counted = await actor.load.stop()
        assert.deepEqual([counted.failures, counted.answered], [[], counted.sent])
        assert.ok((counted.byVersion['v2'] ?? 0) > 0, `v2 of ${actor.name} has served`)
      }
      const { entries } = await client.journal({ stream: `release/${id}`, limit: 1_000 })
      assert.equal(entries.filter(({ kind }) => kind === 'release.abort').length, 1)
    }),
  ])
})
