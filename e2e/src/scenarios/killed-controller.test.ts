/** A control plane that is gone for longer than a hold, while nobody asks anything: when it is back it does not take silence for evidence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { unlessLong } from '../harness/long-form.ts'
import { openStage } from '../harness/stage.ts'
import { until } from '../harness/until.ts'

const holdMs = 5_000
const strategy = '{ kind: canary, steps: [{ weight: 50%, hold: 5s }, { weight: 75%, hold: 5s }] }'

test(
  'a step does not pass because the control plane was away for longer than its hold',
  { timeout: 400_000, skip: unlessLong },
  async () => {
    await using stage = await openStage({ web: { strategy } })
    const { controlPlane } = stage
    const { load, client: before } = stage.actor('web')
    await before.release({ service: 'web', to: 'v2' })
    await until('traffic on v2', async () => (await before.getRollout({ rollout: 'web' })).inForceBp === 5_000)
    await load.change({ rate: 0 })
    await controlPlane.kill()
    await sleep(holdMs + 1_000)
    const client = await controlPlane.start()
    // What was measured before the silence may still count.
    await sleep(2_000)
    const silent = await client.getRollout({ rollout: 'web' })
    await sleep(holdMs + 1_000)
    const later = await client.getRollout({ rollout: 'web' })
    assert.deepEqual([later.phase, later.step, later.evidenceMs], [silent.phase, silent.step, silent.evidenceMs])
    assert.ok(later.endedAt === null, later.sentence)

    await load.change({ rate: 60 })
    const end = await until(
      'the end',
      async () => {
        const rollout = await client.getRollout({ rollout: 'web' })
        return rollout.endedAt === null ? null : rollout
      },
      120_000,
    )
    assert.equal(end.phase, 'promoted', end.sentence)
    const { entries } = await client.journal({ stream: `rollout/${end.id}`, limit: 1_000 })
    const forward = entries.filter(({ kind, data }) => kind === 'rollout.moved' && data['event'] === 'judged')
    assert.equal(forward.length, end.steps.length)
    for (const { data } of forward) assert.ok(Number(data['evidenceMs']) >= holdMs, String(data['evidenceMs']))
    const counted = await load.stop()
    assert.deepEqual(counted.failures, [])
    assert.equal(counted.answered, counted.sent)
  },
)
