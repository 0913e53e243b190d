/** An adaptive release with real processes: a good version climbs and is promoted, a dead one costs less than the budget. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openScene, rolloutEnd, type Scene } from './harness/control-plane.ts'
import { serviceFile } from './harness/service-file.ts'

const budget = 60

void describe('an adaptive release', () => {
  let scene: Scene

  before(async () => {
    const file = serviceFile({
      strategy: `{ kind: adaptive, budget: ${budget}, every: 2s }`,
      versions: { v1: '{}', dead: '{ env: { FAIL_RATIO: "1" } }', v2: '{}' },
      more: '    metrics: { errors: { kind: errors } }\n',
    })
    scene = await openScene({ file, load: { rate: 150, users: 20_000 } })
  })

  after(async () => {
    await scene[Symbol.asyncDispose]()
  })

  test('a version that fails every request goes back, and costs no more than the budget', async () => {
    const { client, load } = scene
    const before = await load.report()
    await client.release({ service: 'web', to: 'dead' })
    const rollout = await rolloutEnd(client)
    assert.equal(rollout.phase, 'rolled-back')
    assert.ok(['harmful', 'budget'].includes(rollout.reason ?? ''), rollout.reason ?? '')
    const { failed } = await load.report()
    assert.ok(failed > before.failed, 'it had traffic')
    assert.ok(failed - before.failed <= budget, `${failed - before.failed} requests failed`)
  })

  test('what a release would do is said before it does anything, while the control plane goes on', async () => {
    const { client } = scene
    const [plan, ready] = await Promise.all([
      client.plan({ service: 'web', to: 'v2', users: 20_000 }),
      client.getService({ service: 'web' }),
    ])
    assert.equal(ready.name, 'web')
    assert.ok(plan.requestsPerSecond > 50, String(plan.requestsPerSecond))
    assert.ok(plan.promoted.likelyMs !== null && plan.promoted.likelyMs > 0)
    assert.equal(plan.steps.at(-1)?.exposedUsers, 10_000)
  })

  test('a good version climbs as far as the budget allows, and is promoted on proof', async () => {
    const { client, load } = scene
    const before = await load.report()
    await client.release({ service: 'web', to: 'v2' })
    const rollout = await rolloutEnd(client, 120_000)
    assert.equal(rollout.phase, 'promoted', rollout.sentence)
    assert.equal((await load.report()).failed, before.failed)
    const { entries } = await client.journal({ stream: `rollout/${rollout.id}` })
    const moves = entries.filter(({ kind, data }) => kind === 'rollout.moved' && data['to'] === 'watching')
    const shares = moves.map(({ data }) => Number(data['weightBp']))
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
    )
    assert.ok((shares[0] ?? 0) < 1_000 && shares.at(-1) === 5_000, shares.join(', '))
    for (const { data } of moves.slice(1)) {
      const judgement = data['judgement'] as { verdict: string; ramp?: { growBp: number } } | undefined
      const allowed = judgement?.verdict === 'safe' || (judgement?.ramp?.growBp ?? 0) >= Number(data['weightBp'])
      assert.ok(allowed, `${String(data['weightBp'])} bp: ${String(data['why'])}`)
    }
  })
})
