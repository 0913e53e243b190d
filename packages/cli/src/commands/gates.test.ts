/** Gates, jumps, the queue and freezes against a real control plane: what people type, what they are told, and what a program reads. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Rollout, ServiceStatus } from '@serin/spec'
import { openWorld, type World } from '../testing/control-plane.ts'
import type { WaitingGate } from '../view/gates.ts'

let world: World
before(async () => {
  world = await openWorld({
    onNewVersion: 'queue',
    strategy:
      '{ kind: blue-green, over: 1h, bake: 0s, gates: [{ kind: approval, name: sign-off, people: 2, from: [ann, bob] }, { kind: http, name: report, url: "http://127.0.0.1:1/" }] }',
  })
  await world.serin('apply')
  await world.until('status shop', ({ stdout }) => stdout.includes('1/1'))
})
after(() => world.close())

const tokenOf = async (name: string) => {
  const { stdout } = await world.serin(`token create ${name} --role operator`)
  return { env: { SERIN_TOKEN: stdout.trim() } }
}

test('without a rollout nothing waits, and there is nothing to approve', async () => {
  assert.equal((await world.serin('get gates')).stdout, 'No gate waits.\n')
  assert.deepEqual(await world.json('get gates'), { gates: [] })
  assert.equal((await world.serin('__complete gates')).stdout, '')
  assert.match((await world.serin('approve shop')).stderr, /\[rollout\.not-found\]/)
})

test('a gate is listed with who said yes; each person counts once, and only those who may', async () => {
  const [ann, bob] = [await tokenOf('ann'), await tokenOf('bob')]
  await world.serin('release --to v2')
  await world.until('get gates', ({ stdout }) => stdout.includes('sign-off'))
  assert.equal((await world.serin('__complete gates')).stdout, 'shop\n')
  const listed = await world.serin('get gates')
  assert.equal(listed.stderr, 'Say yes: serin approve shop\n')
  assert.match(
    listed.stdout,
    /^SERVICE +ROLLOUT +TO +GATE +KIND +FOR +SAYS\nshop +shop-1 +v2 +sign-off +approval +\d.* +0 of 2 people\n$/,
  )
  const stranger = await world.serin('approve shop')
  assert.equal(stranger.code, 1)
  assert.match(stranger.stderr, /ann, bob.*\[rollout\.refused\]/)
  const first = await world.serin('approve shop --why "read it"', ann)
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /Waiting for the gate "sign-off" \(1 of 2 *\n? *people\)/)
  assert.equal(first.stderr, '1 more person has to.\n')
  const again = await world.serin('approve shop', ann)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /ann has approved "sign-off" already; 1 more/)
  const { gates } = await world.json<{ gates: WaitingGate[] }>('get gates shop')
  assert.deepEqual(
    gates.map(({ rollout, name, people, approvals }) => [rollout, name, people, approvals]),
    [['shop-1', 'sign-off', 2, ['ann']]],
  )
  const after2 = await world.serin('approve shop -o json', bob)
  assert.equal(after2.code, 0, after2.stderr)
  assert.equal((JSON.parse(after2.stdout) as Rollout).gate?.name, 'report')
  assert.match((await world.serin('get journal shop-1')).stdout, /ann +approve: read it\n/)
})

test('a gate that no person can pass is refused to be approved, and says what it heard', async () => {
  const { stdout } = await world.until('get gates', (ran) => !ran.stdout.includes('no answer yet'))
  assert.match(stdout, /shop +shop-1 +v2 +report +http +\d/)
  assert.equal((await world.serin('get gates')).stderr, '')
  const refused = await world.serin('approve shop')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /\[rollout\.refused\]/)
})

test('a release that waits says for whom; with --wait it follows its own rollout to the end', async () => {
  const queued = await world.serin('release --to v3')
  assert.equal(queued.code, 0)
  assert.match(queued.stderr, /^v3 waits until shop-1 \(v2\) is over\.\nLook: serin watch shop\n$/)
  assert.match((await world.serin('status shop')).stdout, /\n {2}Then v3\.\n/)
  assert.deepEqual((await world.json<ServiceStatus>('status shop')).queue, ['v3'])
  const late = await world.serin('release --to v3 --wait --timeout 300ms')
  assert.equal(late.code, 3, late.stderr)
  assert.match(late.stderr, /It still waits\. Look: serin status shop/)
  const waiting = world.serin('release --to v3 --queue --wait --timeout 2m')
  await world.serin('abort shop-1')
  await world.until('get rollouts', ({ stdout }) => stdout.includes('shop-2'))
  await world.until('get gates', ({ stdout }) => /shop-2 .*sign-off/.test(stdout))
  await world.serin('abort shop-2')
  const { code, stdout, stderr } = await waiting
  assert.equal(code, 2, stderr)
  assert.match(stdout, /shop-2: v3 was rolled back \(aborted\)/)
})

test('jump goes to a step that people count from 1, with a guard against an old look', async () => {
  await world.serin('release --to v2')
  await world.until('explain', ({ stdout }) => stdout.includes('step 1 of 2'))
  for (const [words, says] of [
    ['jump shop', /Missing: --to/],
    ['jump shop --to 0', /"0" is not a step; expected a number from 1\./],
    ['jump shop --to 9', /steps 1 to 2; there is no step 9\. \[rollout\.refused\]/],
    ['jump shop --to 2 --step 2', /at step 1, not at step 2 any more\. Look again\./],
  ] as const) {
    const { code, stderr } = await world.serin(words)
    assert.equal(code, 1, words)
    assert.match(stderr, says)
  }
  const jumped = await world.json<Rollout>('jump shop --to 2 --step 1 --why "seen enough"')
  assert.deepEqual([jumped.step, jumped.gate], [1, null])
  const back = await world.serin('jump shop --to 1')
  assert.equal(back.code, 0, back.stderr)
  assert.match(back.stdout, /runs without traffic/)
  assert.match((await world.serin('get journal')).stdout, /admin +jump to step 2: seen enough\n/)
  await world.serin('abort')
  await world.serin('status -w')
})

test('in a freeze a release is refused with its end and why; a hotfix goes, and is marked', async () => {
  const file = join(world.directory, 'serin.yaml')
  const freeze = "    freeze: [{ from: '2020-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z', why: holidays }]\n"
  writeFileSync(file, readFileSync(file, 'utf8') + freeze)
  assert.equal((await world.serin('apply')).code, 0)
  const frozen = await world.serin('release --to v2')
  assert.equal(frozen.code, 1)
  assert.match(frozen.stderr, /until 2999-01-01T00:00:00Z: holidays\. \[rollout\.frozen\]\n {2}do .*\n? *--hotfix/)
  assert.match(
    (await world.serin('status')).stdout,
    /Frozen until 2999-01-01T00:00:00Z: holidays\. Nothing goes forward/,
  )
  const hot = await world.json<Rollout>('release --to v2 --hotfix --why "fix"')
  assert.equal(hot.hotfix, true)
  assert.match((await world.serin('status')).stdout, /Only this\s+hotfix goes forward/)
  await world.serin('abort')
})
