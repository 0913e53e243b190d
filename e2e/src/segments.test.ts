/** A segment meets the new version first, and nobody else; who has no id of their own keeps what they got. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onStep, over, playScenes, seen, why } from './harness/scenes.ts'
import { openStage, type Actor, type ActorOptions } from './harness/stage.ts'
import { until } from './harness/until.ts'

const services = {
  nordic: {
    strategy:
      '{ kind: canary, steps: [{ weight: 0%, pause: true, route: [{ name: nordic first, segment: nordic }] }, { weight: 50%, hold: 1h }] }',
    more: `    sticky: true
    country: { header: x-country }
    segments:
      nordic: { country: [NO, SE], device: [mobile] }
`,
  },
} as const satisfies Readonly<Record<string, ActorOptions>>

test('who is in the segment of a step meets canary first', { timeout: 300_000 }, async (t) => {
  await using stage = await openStage(services)
  await playScenes(t, stage, { nordic: ['phones in Norway and Sweden first, half of all users next', first] })
})

const phone = { 'sec-ch-ua-mobile': '?1' }

async function first(actor: Actor): Promise<void> {
  const { client, name, address } = actor
  const versionFor = async (headers: Record<string, string>): Promise<string> =>
    (await fetch(address, { headers })).text()
  await client.release({ service: name, to: 'v2', why })
  await actor.rolloutIs('with the segment', ({ phase, reason }) => phase === 'holding' && reason === 'pause-step')
  // A step that asks for no share is under way when its version is ready, and not only when the router knows.
  const norwegian = { ...phone, 'x-user': 'user-0', 'x-country': 'NO' }
  await until('the router knows', async () => (await versionFor(norwegian)) === 'v2')
  for (let i = 0; i < 30; i += 1) {
    const user = { 'x-user': `user-${i}` }
    assert.equal(await versionFor({ ...user, ...phone, 'x-country': i % 2 === 0 ? 'NO' : 'SE' }), 'v2')
    assert.equal(await versionFor({ ...user, ...phone, 'x-country': 'DK' }), 'v1')
    assert.equal(await versionFor({ ...user, 'x-country': 'NO' }), 'v1', 'no phone')
    assert.equal(await versionFor(user), 'v1')
  }
  assert.equal(await seen(actor, 'v2'), 0, 'nobody of the load is in the segment')
  const asked = { service: name, unit: 'user-1', headers: phone }
  const norway = await client.assignment({ ...asked, country: 'NO' })
  assert.deepEqual(
    [norway.version, norway.by, norway.rule, norway.segments],
    ['v2', 'rule', 'nordic first', ['nordic']],
  )
  assert.equal((await client.assignment({ ...asked, country: 'DK' })).version, 'v1')

  await client.promote({ rollout: name, seenStep: 0, why })
  await actor.rolloutIs('at half', (rollout) => onStep(1)(rollout) && rollout.inForceBp === 5_000)
  const versions = new Set<string>()
  for (let i = 0; i < 20; i += 1) {
    const answer = await fetch(address, { headers: { ...phone, 'x-country': 'NO' } })
    const version = await answer.text()
    versions.add(version)
    const cookie = /^serin-unit=[^;]+/.exec(answer.headers.get('set-cookie') ?? '')?.[0] ?? ''
    const unit = cookie.slice(cookie.indexOf('=') + 1)
    for (let again = 0; again < 3; again += 1) assert.equal(await versionFor({ cookie }), version)
    assert.equal((await client.assignment({ service: name, unit })).version, version)
  }
  assert.deepEqual([...versions].toSorted(), ['v1', 'v2'], 'the segment is as everybody again')
  await client.abort({ rollout: name, why })
  await actor.rolloutIs('rolled back', over('rolled-back'))
}
