/**
 * The gateway serves, but nobody hears from it: something between it and the control plane has gone silent. Users notice nothing, and the rollout
 * goes neither forward nor back.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessLong } from '../harness/long-form.ts'
import { why } from '../harness/scenes.ts'
import { openStage, type ActorOptions } from '../harness/stage.ts'
import { openToll } from '../harness/toll.ts'
import { until } from '../harness/until.ts'

const strategy = '{ kind: canary, steps: [{ weight: 50%, hold: 5s }, { weight: 75%, hold: 1s }] }'
const services = {
  waits: { strategy },
  holds: { strategy, analysis: '{ warmUp: 1s, sourceDown: { after: 5s, do: hold } }' },
} as const satisfies Readonly<Record<string, ActorOptions>>
const names = ['waits', 'holds'] as const

test(
  'while nothing is heard of a version it gets no more traffic and loses none; then it goes on',
  { timeout: 400_000, skip: unlessLong },
  async () => {
    // Ends after the stage, which is cleaned up through it.
    await using tolls = new AsyncDisposableStack()
    await using stage = await openStage(services, 60, ['--keep'])
    const { controlPlane } = stage
    await controlPlane.stop()
    const between = []
    for (const name of names) {
      const file = join(controlPlane.dataDirectory, 'services', name, 'gateway', 'gateway.json')
      const identity = JSON.parse(readFileSync(file, 'utf8')) as { readonly adminPort: number }
      const toll = tolls.use(await openToll(identity.adminPort))
      between.push(toll)
      writeFileSync(file, JSON.stringify({ ...identity, adminPort: toll.port }))
    }
    const client = await controlPlane.start()
    const rollouts = async () => await Promise.all(names.map(async (rollout) => await client.getRollout({ rollout })))
    for (const service of names) await client.release({ service, to: 'v2', why })
    await until(
      'both to be watched',
      async () => (await rollouts()).every(({ inForceBp }) => inForceBp === 5_000),
      120_000,
    )
    for (const toll of between) toll.silence()

    await until('one to be held', async () => (await rollouts())[1]?.phase === 'holding', 120_000)
    await until('the other to say so', async () => (await rollouts())[0]?.judgement?.health === 'source-down', 120_000)
    const [waits, holds] = await rollouts()
    assert.deepEqual([waits?.phase, waits?.step, waits?.askedBp], ['watching', 0, 5_000], waits?.sentence)
    assert.deepEqual([holds?.reason, holds?.step, holds?.askedBp], ['no-evidence', 0, 5_000], holds?.sentence)
    const before = await Promise.all(names.map(async (name) => await stage.actor(name).load.report()))
    await until('users to have both versions as before', async () => {
      const now = await Promise.all(names.map(async (name) => await stage.actor(name).load.report()))
      return now.every(({ byVersion }, i) =>
        ['v1', 'v2'].every((version) => (byVersion[version] ?? 0) > (before[i]?.byVersion[version] ?? 0) + 50),
      )
    })
    assert.deepEqual(
      (await rollouts()).map(({ askedBp, endedAt }) => [askedBp, endedAt]),
      [
        [5_000, null],
        [5_000, null],
      ],
    )

    for (const toll of between) toll.speak()
    await until(
      'the one that waited to go on by itself',
      async () => (await rollouts())[0]?.phase === 'promoted',
      120_000,
    )
    const held = (await rollouts())[1]
    assert.equal(held?.phase, 'holding', 'a person decides')
    await client.resume({ rollout: 'holds', why })
    await until('the other to go on', async () => (await rollouts())[1]?.phase === 'promoted', 120_000)
    for (const name of names) {
      const counted = await stage.actor(name).load.stop()
      assert.deepEqual(counted.failures, [])
      assert.equal(counted.answered, counted.sent)
    }
  },
)
