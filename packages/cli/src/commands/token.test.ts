/** People with tokens of their own, against a real control plane. */
import type { JournalLine } from '@serin/sdk'
import type { AccessToken } from '@serin/spec'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openWorld, type World } from '../testing/control-plane.ts'
import { run } from '../testing/run.ts'

let world: World
before(async () => {
  world = await openWorld()
  await world.serin('apply')
  await world.until('status shop', ({ stdout }) => stdout.includes('1/1'))
})
after(() => world.close())

async function made(words: string): Promise<string> {
  const { code, stdout, stderr } = await world.serin(`token create ${words}`)
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

test('an operator leads a rollout under their own name; what is beyond the role is refused', async () => {
  const created = await world.serin('token create ada --role operator --expires 30d --why "on call"')
  assert.match(created.stdout, /^serin_[\w-]{43}\n$/)
  assert.match(created.stderr, /the token of ada, with the role operator, good until \d{4}-\d\d-\d\d .* UTC\. Nobody/)
  writeFileSync(join(world.directory, 'ada.token'), created.stdout)
  const env = { SERIN_TOKEN_FILE: 'ada.token' }
  const refused = await world.serin('release --to v2', { env })
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /You are ada, with the role operator; "release" needs the role deployer\. \[auth\.forbidden\]/,
  )
  assert.match((await world.serin('token list', { env })).stderr, /"listTokens" needs the role admin/)
  await world.serin('release --to v2')
  await world.until('get versions', ({ stdout }) => /v2 +canary.* 10 %/.test(stdout))
  const aborted = await world.serin('abort --why "not today"', { env })
  assert.equal(aborted.code, 0, aborted.stderr)
  const { entries } = await world.json<{ entries: JournalLine[] }>('get journal')
  assert.equal(entries.find(({ kind }) => kind === 'rollout.abort')?.actor, 'ada')
  assert.match(
    (await world.serin('get journal')).stdout,
    /system +admin +made the token ada, with the role operator: on call/,
  )
})

test('tokens are listed without their secrets, and taken back at once', async () => {
  const secret = await made('bob --role viewer')
  const env = { SERIN_TOKEN: secret }
  assert.equal((await world.serin('status', { env })).code, 0)
  const listed = await world.serin('token list')
  assert.match(listed.stdout, /^NAME +ROLE +ENDS IN +MADE +BY +GOOD\n/)
  assert.match(listed.stdout, new RegExp(`\nbob +viewer +…${secret.slice(-4)} +20.* admin +until it is revoked`))
  const { tokens } = await world.json<{ tokens: AccessToken[] }>('token list')
  assert.ok(tokens.some(({ name, role }) => name === 'bob' && role === 'viewer'))
  assert.ok(!JSON.stringify(tokens).includes(secret.slice(6)))
  assert.match((await world.serin('token revoke bob --why "left"')).stdout, /^● The token of bob is good no more\.\n$/)
  assert.match((await world.serin('status', { env })).stderr, /\[auth\.refused\]/)
  assert.match((await world.serin('token revoke bob')).stderr, /no token called "bob"\. \[token\.not-found\]/)
})

test('an expired token is said to be, and listed as such', async () => {
  const secret = await made('eve --role viewer --expires 1ms')
  await world.until('token list', ({ stdout }) => /\neve .*no more: it has expired/.test(stdout))
  const { stderr } = await world.serin('status', { env: { SERIN_TOKEN: secret } })
  assert.match(stderr, /The token of eve has expired on .*\[auth\.expired\]/)
})

test('mistakes are said before anything is made', async () => {
  const says = async (words: string) => (await world.serin(`token create ${words}`)).stderr
  assert.match(await says('x'), /Missing: --role ROLE\./)
  assert.match(await says('--role viewer'), /missing required argument 'name'/i)
  assert.match(await says('x --role opertor'), /Did you mean operator\?/)
  for (const expires of ['soon', '0s', '500d'])
    assert.match(await says(`x --role viewer --expires ${expires}`), /--expires is /)
  assert.match(await says('admin --role viewer'), /\[body\.invalid\]/)
  assert.match(await says('x --role viewer --show'), /"token create" has no option --show\./)
  assert.match((await world.serin('token shwo')).stderr, /\[usage\.invalid\]/)
})

test('the token in the environment counts more than the one in the data directory, but goes only to the address beside it', async () => {
  const mine = { SERIN_TOKEN: await made('own --role viewer') }
  const forbidden = /You are own, with the role viewer/
  assert.match((await world.serin('abort', { env: mine })).stderr, forbidden)
  assert.match((await world.serin(`abort --data ${join(world.directory, '.serin')}`, { env: mine })).stderr, forbidden)
  const away = { ...mine, SERIN_URL: world.server.url }
  assert.match((await run(['token', 'list'], { cwd: '/', env: away })).stderr, forbidden)
  const elsewhere = { ...mine, SERIN_URL: 'http://127.0.0.1:9' }
  const here = await world.serin(`token list --data ${join(world.directory, '.serin')}`, { env: elsewhere })
  assert.equal(here.code, 0, here.stderr)
})

test('a token file that is not there, is empty, or one too many is said', async () => {
  const says = async (env: Readonly<Record<string, string>>) => (await world.serin('status', { env })).stderr
  assert.match(
    await says({ SERIN_TOKEN_FILE: 'none' }),
    /SERIN_TOKEN_FILE names .*none, which cannot be read\. \[auth\.missing\]/,
  )
  writeFileSync(join(world.directory, 'empty'), '\n')
  assert.match(await says({ SERIN_TOKEN_FILE: 'empty' }), /which is empty\. \[auth\.missing\]/)
  assert.match(await says({ SERIN_TOKEN_FILE: 'empty', SERIN_TOKEN: 'x' }), /are both set.*\[usage\.invalid\]/)
})

test('the token of the data directory is found and shown as ever', async () => {
  const file = join(world.directory, '.serin', 'token')
  assert.equal((await world.serin('token')).stdout, `${file}\n`)
  assert.equal((await world.serin('token --show')).stdout, `${world.server.token}\n`)
})
