import { SignJWT } from 'jose'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIssuer } from '../testing/jwks.ts'
import type { Issuer } from '../testing/jwks.ts'
import { until } from '../testing/servers.ts'
import { KeySet } from './key-set.ts'
import { Tokens } from './tokens.ts'

const times = { fetchMs: 2_000, refreshMs: 60_000, restMs: 100 }
const plain = { unknownKeys: 'ignore' } as const

async function verifying(issuer: Issuer, source: object = {}): Promise<{ tokens: Tokens; keys: KeySet }> {
  const keys = new KeySet(issuer.url, { log: () => {}, changed: () => tokens.forget(), times })
  const tokens: Tokens = new Tokens({ ...plain, jwks: issuer.url, ...source }, keys)
  const probe = await issuer.sign({ probe: true })
  await until('the keys are there', () => tokens.claimsOf(probe, Date.now()) !== 'unknown')
  return { tokens, keys }
}

const subOf = (tokens: Tokens, token: string, nowMs = Date.now()): string | null | undefined => {
  const claims = tokens.claimsOf(token, nowMs)
  return claims === 'unknown' ? claims : claims === null ? null : claims.get('sub')
}

for (const algorithm of ['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA']) {
  test(`a token that another library signed with ${algorithm} is believed, and one with a changed letter is not`, async () => {
    await using issuer = await openIssuer()
    await issuer.rotate('it', { algorithm })
    const { tokens, keys } = await verifying(issuer)
    const token = await issuer.sign({ sub: 'ann', level: 3, list: [1] })
    assert.equal(subOf(tokens, token), 'ann')
    assert.deepEqual(
      [...(tokens.claimsOf(token, Date.now()) as ReadonlyMap<string, string>).keys()],
      ['sub', 'level', 'exp'],
    )
    const [head = '', body = '', signature = ''] = token.split('.')
    const forged = Buffer.from(JSON.stringify({ sub: 'bob' })).toString('base64url')
    assert.equal(subOf(tokens, `${head}.${forged}.${signature}`), null)
    assert.equal(subOf(tokens, token), 'ann', 'nor does it take the place of the token whose end it has')
    assert.equal(subOf(tokens, `${head}.${forged}.${signature}`), null)
    assert.equal(subOf(tokens, `${head}.${body}.`), null)
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'it' })).toString('base64url')
    assert.equal(subOf(tokens, `${none}.${body}.`), null)
    keys.close()
  })
}

test('a public key is no shared secret, and an algorithm for another kind of key is none', async () => {
  await using issuer = await openIssuer()
  await issuer.rotate('it', { algorithm: 'RS256' })
  const { tokens, keys } = await verifying(issuer)
  const jwks = (await (await fetch(issuer.url)).json()) as { keys: [{ n: string }] }
  const secret = Buffer.from(jwks.keys[0].n)
  const confused = await new SignJWT({ sub: 'bob' }).setProtectedHeader({ alg: 'HS256', kid: 'it' }).sign(secret)
  assert.equal(subOf(tokens, confused), null)
  const good = await issuer.sign({ sub: 'ann' })
  const [, body = '', signature = ''] = good.split('.')
  for (const alg of ['ES256', 'EdDSA', 'RS512', 7])
    assert.equal(
      subOf(tokens, `${Buffer.from(JSON.stringify({ alg, kid: 'it' })).toString('base64url')}.${body}.${signature}`),
      null,
      String(alg),
    )
  keys.close()
})

test('time, issuer and audience are looked at, and rubbish is no token', async () => {
  await using issuer = await openIssuer()
  const { tokens, keys } = await verifying(issuer, { issuer: 'me', audience: 'shop' })
  const good = await issuer.sign({ sub: 'ann', iss: 'me', aud: ['shop', 'other'] }, { life: '1h' })
  assert.equal(subOf(tokens, good), 'ann')
  assert.equal(subOf(tokens, good, Date.now() + 2 * 3_600_000), null, 'it is over, although it was read before')
  assert.equal(subOf(tokens, await issuer.sign({ sub: 'ann', iss: 'me', aud: 'blog' })), null)
  assert.equal(subOf(tokens, await issuer.sign({ sub: 'ann', iss: 'you', aud: 'shop' })), null)
  assert.equal(
    subOf(tokens, await issuer.sign({ sub: 'a', iss: 'me', aud: 'shop', nbf: Date.now() / 1_000 + 600 })),
    null,
  )
  for (const rubbish of ['', 'a', 'a.b.c', '..', 'bnVsbA.bnVsbA.x', `${good}.x`, 'x'.repeat(10_000)])
    assert.equal(subOf(tokens, rubbish), null, rubbish.slice(0, 20))
  keys.close()
})

test('keys rotate: a new one is fetched when a token names it, an old one counts no more', async () => {
  await using issuer = await openIssuer()
  const { tokens, keys } = await verifying(issuer)
  const old = await issuer.sign({ sub: 'ann' })
  assert.equal(subOf(tokens, old), 'ann')
  await issuer.rotate('second')
  const fresh = await issuer.sign({ sub: 'bob' })
  await until('the second key is there', () => subOf(tokens, fresh) === 'bob')
  assert.equal(subOf(tokens, old), null)
  // However many tokens name keys that are not there, the issuer is asked only now and then.
  const before = issuer.fetches()
  const [, body = '', signature = ''] = fresh.split('.')
  for (let i = 0; i < 1_000; i += 1) {
    const head = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `made-up-${i}` })).toString('base64url')
    subOf(tokens, `${head}.${body}.${signature}`)
  }
  assert.ok(issuer.fetches() - before <= 3, String(issuer.fetches() - before))
  keys.close()
})

test('an issuer that hangs delays nobody: keys that were there hold on, and a fetch is given up', async () => {
  await using issuer = await openIssuer()
  const keys = new KeySet(issuer.url, {
    log: () => {},
    changed: () => tokens.forget(),
    times: { fetchMs: 100, refreshMs: 50, restMs: 50 },
  })
  const tokens: Tokens = new Tokens({ ...plain, jwks: issuer.url }, keys)
  const token = await issuer.sign({ sub: 'ann' })
  await until('the keys are there', () => subOf(tokens, token) === 'ann')
  issuer.hang()
  await until('it is seen that the issuer hangs', () => keys.problem !== null)
  assert.equal(subOf(tokens, await issuer.sign({ sub: 'bob' })), 'bob')
  issuer.answer()
  await until('all is well again', () => keys.problem === null)
  keys.close()
})

test('without keys claims are believed as they stand, within their time', () => {
  const tokens = new Tokens(plain, null)
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  assert.equal(subOf(tokens, `${part({ alg: 'none' })}.${part({ sub: 'ann' })}.`), 'ann')
  assert.equal(subOf(tokens, `${part({ alg: 'none' })}.${part({ sub: 'ann', exp: 1 })}.`), null)
})
