/** The commands against a real control plane with a real gateway: what they print, for people and for programs, and how they fail. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { get as httpGet } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { AssignmentExplained, Rollout, ServiceStatus } from '@serin/spec'
import { openWorld, type World } from '../testing/control-plane.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const stateOf = async () => (await world.json<Rollout>('explain shop')).phase

test('before any service: lists are empty and commands say what to do first', async () => {
  assert.equal((await world.serin('get services')).stdout, 'No service yet.\n')
  assert.deepEqual(await world.json('get services'), { services: [] })
  const { code, stderr } = await world.serin('release --to v2')
  assert.equal(code, 1)
  assert.match(stderr, /There is no service yet\. Apply a release file first/)
})

test('apply creates, then changes nothing, then says what changed', async () => {
  assert.equal((await world.serin('apply')).stdout, 'shop created\n')
  assert.deepEqual(await world.json('apply -f serin.yaml'), {
    changes: [{ service: 'shop', change: 'unchanged', details: [] }],
  })
})

test('a file with a typo changes nothing; a version that changed is refused', async () => {
  writeFileSync(join(world.directory, 'typo.yaml'), 'serin: v1\nservices: { shop: { listne: 8080 } }\n')
  const typo = await world.serin('apply -f typo.yaml')
  assert.equal(typo.code, 1)
  assert.match(typo.stderr, /typo\.yaml has \d problems; nothing was changed\./)
  assert.match(typo.stderr, /typo\.yaml:2:21: services\.shop\.listne: Unknown key "listne".* Did you mean listen\?/)
  const other = await world.serin('apply -f - -o json', {
    stdin: `serin: v1\nservices:\n  shop:\n    listen: 0\n    workload: { kind: endpoints }\n    stable: v1\n    versions:\n      v1: { endpoints: ['http://127.0.0.1:1'] }\n`,
  })
  assert.equal((JSON.parse(other.stderr) as { code: string }).code, 'version.immutable')
})

test('status and get services: the same service for people and for programs', async () => {
  await world.until('status shop', ({ stdout }) => stdout.includes('1/1'))
  const text = (await world.serin('status')).stdout
  assert.match(text, /^● shop: v1 has all traffic; there has been no rollout yet\.\n {2}VERSION {4}ASKED/)
  const { services } = await world.json<{ services: ServiceStatus[] }>('get services')
  assert.deepEqual(
    services.map(({ name, stable, rollout }) => [name, stable, rollout]),
    [['shop', 'v1', null]],
  )
  const one = await world.json<ServiceStatus>('status shop')
  assert.equal(one.name, 'shop')
  assert.match(
    (await world.serin('get svc -o wide')).stdout,
    /^NAME +STABLE +ROLLOUT +STATE .*RPS +TROUBLE\nshop +v1 +– +● no rollout yet/,
  )
  assert.match((await world.serin('status -o yaml')).stdout, /^services:\n {2}- name: shop\n/)
})

test('get versions lists what is declared and what runs', async () => {
  const { versions } = await world.json<{ versions: { service: string; name: string; role: string }[] }>('get versions')
  assert.deepEqual(
    versions.map(({ service, name, role }) => `${service} ${name} ${role}`),
    ['shop v1 stable', 'shop v2 idle', 'shop v3 idle'],
  )
  assert.match(
    (await world.serin('get versions shop -o wide')).stdout,
    /v1 +stable +ready +1\/1 .*http:\/\/127\.0\.0\.1:\d+/,
  )
})

test('names that are not known are told with the nearest', async () => {
  for (const [words, says] of [
    ['release shpo --to v2', /There is no service "shpo"\. Known: shop\. Did you mean shop\?/],
    ['release --to v22', /has no version "v22"\..* Did you mean v2\?/],
    ['abort shop', /shop has had no rollout yet\. \[rollout\.not-found\]/],
    ['explain shop-9', /There is no rollout or service "shop-9"/],
    ['undo', /No version was stable before v1/],
    ['release --to v1', /v1 is the stable version already/],
  ] as const) {
    const { code, stderr } = await world.serin(words)
    assert.equal(code, 1, words)
    assert.match(stderr, says)
    assert.match(stderr, /\n {2}do {3}/)
  }
})

test('release, pause, resume, promote: each says the state it led to', async () => {
  const started = await world.serin('release shop --to v2 --why "ticket 7"')
  assert.equal(started.code, 0)
  assert.match(started.stdout, /^▲ shop-1: Starting v2; v1 has all traffic\.\n$/)
  assert.equal(started.stderr, 'Look: serin watch shop\n')
  await world.until('explain', ({ stdout }) => stdout.includes('at step 1 of 2'))
  assert.match(
    (await world.serin('release --to v3')).stderr,
    /shop-1 is under way \(watching\)\. \[rollout\.active\]\n {2}do .*--supersede/,
  )
  const { shares, by } = await world.json<AssignmentExplained>('assign shop --unit user-42')
  assert.deepEqual(
    [by, shares.map(({ version, toPercent }) => [version, toPercent])],
    [
      'hash',
      [
        ['v2', 10],
        ['v1', 100],
      ],
    ],
  )
  assert.match(
    (await world.serin('assign shop --header serin-version:v2')).stdout,
    /^v2: the header serin-version names it\.\n\n {2}by {8}override header\n/,
  )
  assert.match((await world.serin('assign shop --header nonsense')).stderr, /--header expects "name: value"/)
  const phone = await world.json<AssignmentExplained>(
    'assign shop --header sec-ch-ua-mobile:?1 --header x-a:b --cookie a=b --cookie c=d --country NO --claim sub=ann',
  )
  assert.deepEqual([phone.device, phone.country, phone.segments], ['mobile', 'NO', []])
  assert.match((await world.serin('assign shop --cookie nonsense')).stderr, /--cookie expects "name=value"/)
  assert.match((await world.serin('assign shop --country Norway')).stderr, /two capital letters/)
  assert.match((await world.serin('pause --why lunch')).stdout, /Holding v2 at 10 %, by admin: lunch/)
  assert.match(
    (await world.serin('promote shop --step 2')).stderr,
    /at step 1, not at step 2 any more\. Look again\. \[rollout\.refused\]/,
  )
  assert.equal((await world.json<Rollout>('resume shop-1')).phase, 'watching')
  const next = await world.json<Rollout>('promote shop --step 1')
  assert.deepEqual([next.step, next.askedBp], [1, 5_000])
})

test('status -w gives up after its timeout with exit code 3; the rollout goes on', async () => {
  const { code, stdout, stderr } = await world.serin('status shop -w --timeout 500ms')
  assert.equal(code, 3)
  assert.match(stdout, /^▲ shop-1: Watching v2 at 50 %/)
  assert.match(stderr, /^(\d\d:\d\d:\d\d ▲ Watching v2 at 50 %.*\n)+Not over within the time\. The rollout goes on/)
  assert.equal(await stateOf(), 'watching')
})

test('abort, then explain says who and why; status -w is exit code 2', async () => {
  const aborted = await world.serin('abort shop --why "carts are lost"')
  assert.equal(aborted.code, 0)
  assert.match(aborted.stdout, /Rolling back to v1: carts are lost/)
  assert.equal((await world.serin('status -w')).code, 2)
  assert.match(
    (await world.serin('explain shop-1')).stdout,
    /v2 was rolled back \(aborted\); v1 has all traffic: carts are lost\./,
  )
  assert.match((await world.serin('promote')).stderr, /"retry" starts it again/)
})

test('retry with --full: promoted, exit code 0; then undo goes back', async () => {
  assert.match((await world.serin('retry')).stdout, /Starting v2/)
  await world.until('promote --full', ({ code }) => code === 0)
  const { code, stdout } = await world.serin('status -w -o json')
  const rollout = JSON.parse(stdout) as Rollout
  assert.deepEqual([code, rollout.phase, rollout.attempt], [0, 'promoted', 2])
  assert.match((await world.serin('undo --why regret')).stdout, /shop-2: (Starting|Promoting) v1/)
  const undone = await world.serin('status -w')
  assert.equal(undone.code, 0)
  assert.match(undone.stdout, /shop-2: v1 is promoted and has all traffic/)
})

test('release --supersede takes the place of a rollout, whose waiting ends with exit code 2', async () => {
  const waiting = world.serin('release --to v2 --wait')
  await world.until('status', ({ stdout }) => stdout.includes('v2 canary'))
  const taken = await world.json<Rollout>('release --to v3 --supersede')
  assert.deepEqual([taken.id, taken.canary], ['shop-4', 'v3'])
  const { code, stdout } = await waiting
  assert.equal(code, 2)
  assert.match(stdout, /shop-3: v2 was rolled back \(superseded\)/)
  await world.until('abort', ({ code: aborted }) => aborted === 0)
  await world.serin('status -w')
})

test('get rollouts: newest first, by service or by id', async () => {
  const { rollouts } = await world.json<{ rollouts: Rollout[] }>('get rollouts')
  assert.deepEqual(
    rollouts.map(({ id }) => id),
    ['shop-4', 'shop-3', 'shop-2', 'shop-1'],
  )
  const { stdout } = await world.serin('get rollouts shop -n 2')
  assert.match(stdout, /^ID +FROM +TO +STATE .*\nshop-4 .*v3.*\nshop-3 .*▲ rolled-back: superseded.*\n$/)
  assert.deepEqual(
    (await world.json<{ rollouts: Rollout[] }>('get ro shop-1')).rollouts.map(({ id }) => id),
    ['shop-1'],
  )
})

test('the journal: a service with its rollouts, or one rollout; it holds together', async () => {
  const { stdout } = await world.serin('get journal shop-1')
  assert.match(stdout, /^SEQ +TIME +ABOUT +WHO +WHAT\n/)
  assert.match(stdout, /shop-1 +admin +release of v2: ticket 7\n/)
  assert.match(stdout, /shop-1 +admin +pause: lunch\n/)
  assert.doesNotMatch(stdout, /shop-2/)
  const all = (await world.serin('get journal shop -n 1000')).stdout
  assert.match(all, /shop +admin +created, with v1 as stable/)
  assert.match(all, /shop-2 +admin +release of v1: regret/)
  assert.match((await world.serin('journal verify')).stdout, /^● The journal holds together: \d+ lines\.\n$/)
  const verified = await world.json<{ ok: boolean }>('journal verify')
  assert.equal(verified.ok, true)
})

test('observe: a bad line is told with its place; what nobody can place is ignored', async () => {
  const good = JSON.stringify({ metric: 'spam', value: 1, unit: 'u1' })
  const sent = await world.serin('observe', { stdin: `${good}\n\n${good}\n` })
  assert.equal(sent.code, 0)
  assert.match(sent.stdout, /^0 observations accepted, 2 ignored \(nobody watches/)
  writeFileSync(join(world.directory, 'labels.ndjson'), `${good}\n{"metric":"spam","value":1}\n`)
  const bad = await world.serin('observe labels.ndjson')
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /labels\.ndjson:2: expected either unit or request\. \[observation\.invalid\]/)
  assert.match((await world.serin('observe -', { stdin: 'x' })).stderr, /stdin:1: this is not JSON/)
  assert.match((await world.serin('observe none.ndjson')).stderr, /none\.ndjson cannot be read/)
})

test('observations of users in a rollout are accepted', async () => {
  await world.serin('release --to v2')
  await world.until('explain', ({ stdout }) => stdout.includes('at step 1 of 2'))
  const { address } = await world.json<ServiceStatus>('status shop')
  await world.until('get versions', ({ stdout }) => /v2 +canary.* 10 %/.test(stdout))
  await new Promise<void>((done, fail) => {
    httpGet(address ?? '', { headers: { 'x-user': 'u1' }, agent: false }, (answer) =>
      answer.resume().on('end', done),
    ).on('error', fail)
  })
  const line = JSON.stringify({ metric: 'spam', value: 1, unit: 'u1' })
  await world.until('get journal shop -n 6', ({ stdout }) => /routing \d+: .*v2 10 %/.test(stdout))
  const ran = await world.serin('observe -o json', { stdin: `${line}\n`.repeat(2_500) })
  assert.deepEqual(JSON.parse(ran.stdout), { accepted: 2_500, ignored: 0 })
  await world.serin('abort')
  await world.serin('status -w')
})

test('completion asks for names and is silent when it cannot', async () => {
  assert.equal((await world.serin('__complete services')).stdout, 'shop\n')
  assert.equal((await world.serin('__complete versions shop')).stdout, 'v1\nv2\nv3\n')
  assert.match((await world.serin('__complete rollouts')).stdout, /^shop\n(shop-\d+\n)+$/)
  const nothing = await world.serin('__complete services', { cwd: '/' })
  assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [0, '', ''])
})

test('SERIN_URL and SERIN_TOKEN reach a control plane from anywhere; a wrong token is refused', async () => {
  const env = { SERIN_URL: world.server.url, SERIN_TOKEN: world.server.token }
  assert.match((await world.serin('get services', { cwd: '/', env })).stdout, /^NAME.*\nshop /)
  const refused = await world.serin('get services', { cwd: '/', env: { ...env, SERIN_TOKEN: 'wrong' } })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /\[auth\.refused\]/)
})
