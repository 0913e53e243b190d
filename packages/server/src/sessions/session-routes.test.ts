/** Logging in and out of the dashboard, asked of a real control plane. */
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ControlPlane, send, type Answer } from '../testing/control-plane.ts'

interface LoggedIn {
  readonly cookie: string
  readonly page: string
  readonly headers: Readonly<Record<string, string>>
}

async function linkOf(plane: ControlPlane, token?: string): Promise<string> {
  const made = await plane.call('POST', '/v1/login-links', { body: {}, ...(token === undefined ? {} : { token }) })
  assert.equal(made.status, 200, made.text)
  return (made.json as { path: string }).path.replace('/login#', '')
}

async function open(plane: ControlPlane, code: string): Promise<Answer> {
  return await plane.call('POST', '/v1/session', { token: null, body: { code } })
}

async function logIn(plane: ControlPlane, token?: string): Promise<LoggedIn> {
  const answer = await open(plane, await linkOf(plane, token))
  assert.equal(answer.status, 200, answer.text)
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  const page = (answer.json as { session: string }).session
  return { cookie, page, headers: { cookie, 'serin-page': page, origin: plane.running.url } }
}

const as = (headers: Readonly<Record<string, string>>) => ({ token: null, headers })
const codeOf = ({ json }: Answer) => (json as { code?: string }).code

test('a link logs in once, as whoever asked for it, with a cookie that scripts and other sites do not get', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const made = await plane.call('POST', '/v1/tokens', { body: { name: 'ada', role: 'operator' } })
  const code = await linkOf(plane, (made.json as { secret: string }).secret)
  const answer = await open(plane, code)
  const port = new URL(plane.running.url).port
  assert.match(
    String(answer.headers['set-cookie']),
    new RegExp(`^serin-session-${port}=serin_[\\w-]+; Path=/v1; HttpOnly; SameSite=Strict; Max-Age=604800$`),
  )
  assert.equal(codeOf(await open(plane, code)), 'login.refused')
  assert.equal(codeOf(await open(plane, 'guess')), 'login.refused')
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  const headers = { cookie, 'serin-page': (answer.json as { session: string }).session }
  const who = (await plane.call('GET', '/v1/whoami', as(headers))).json as { actor: string; role: string }
  assert.deepEqual([who.actor, who.role], ['ada', 'operator'])
  assert.equal(codeOf(await plane.call('GET', '/v1/tokens', as(headers))), 'auth.forbidden')
})

test('neither half of a session is of use alone, nor with the other half of another', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const [one, other] = [await logIn(plane), await logIn(plane)]
  const asked = async (headers: Readonly<Record<string, string>>) =>
    codeOf(await plane.call('POST', '/v1/rollouts/x/abort', { ...as(headers), body: {} }))
  assert.equal(await asked(one.headers), 'rollout.not-found')
  assert.equal(await asked({ cookie: one.cookie }), 'auth.missing')
  assert.equal(await asked({ 'serin-page': one.page }), 'auth.missing')
  const origin = plane.running.url
  assert.equal(await asked({ cookie: one.cookie, 'serin-page': other.page, origin }), 'session.over')
  assert.equal(await asked({ cookie: one.cookie, 'serin-page': '1', origin }), 'session.over')
})

test('a session does nothing for a request that does not say which page sent it; it may look', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const { cookie, page } = await logIn(plane)
  const unsaid = { cookie, 'serin-page': page }
  for (const [method, path] of [
    ['POST', '/v1/rollouts/x/abort'],
    ['POST', '/v1/tokens'],
    ['DELETE', '/v1/session'],
  ] as const)
    assert.equal(codeOf(await plane.call(method, path, as(unsaid))), 'origin.refused', path)
  assert.equal((await plane.call('GET', '/v1/whoami', as(unsaid))).status, 200)
})

test('what a form of another site can send logs nobody in', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const code = await linkOf(plane)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const sent = { token: null, raw: JSON.stringify({ code }), headers: { 'content-type': type } }
    assert.equal(codeOf(await plane.call('POST', '/v1/session', sent)), 'body.invalid')
  }
  assert.equal((await open(plane, code)).status, 200)
})

test('who tries many codes has to wait, and is told so', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const codes: (string | undefined)[] = []
  for (let i = 0; i < 12; i += 1) codes.push(codeOf(await open(plane, `guess ${i}`)))
  assert.deepEqual([...new Set(codes)], ['login.refused', 'login.too-often'])
  const answer = await open(plane, await linkOf(plane))
  assert.deepEqual([answer.status, codeOf(answer)], [429, 'login.too-often'])
})

test('behind a proxy that speaks TLS the cookie is sent over nothing else', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const origin = plane.running.url.replace('http:', 'https:')
  const body = { code: await linkOf(plane) }
  const answer = await plane.call('POST', '/v1/session', { token: null, body, headers: { origin } })
  assert.match(String(answer.headers['set-cookie']), /; HttpOnly; SameSite=Strict; Max-Age=604800; Secure$/)
})

test('a page of another origin cannot use a session, log in, or log out', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const { headers } = await logIn(plane)
  const foreign = { ...headers, origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }
  for (const [method, path] of [
    ['GET', '/v1/whoami'],
    ['POST', '/v1/session'],
    ['DELETE', '/v1/session'],
  ] as const)
    assert.equal(codeOf(await plane.call(method, path, as(foreign))), 'origin.refused')
  assert.equal((await plane.call('GET', '/v1/whoami', as(headers))).status, 200)
})

test('logging out ends the session and its event streams at once', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const { headers } = await logIn(plane)
  const stream = send(`${plane.running.url}/v1/events`, 'GET', { headers })
  const out = await plane.call('DELETE', '/v1/session', as(headers))
  assert.match(String(out.headers['set-cookie']), /Max-Age=0/)
  assert.equal((await stream).status, 200)
  assert.equal(codeOf(await plane.call('GET', '/v1/whoami', as(headers))), 'session.over')
})

test('a session ends with the token that it stands for', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const made = await plane.call('POST', '/v1/tokens', { body: { name: 'ada', role: 'viewer' } })
  const { headers } = await logIn(plane, (made.json as { secret: string }).secret)
  assert.equal((await plane.call('GET', '/v1/whoami', as(headers))).status, 200)
  await plane.call('POST', '/v1/tokens/ada/revoke', { body: {} })
  // Somebody else who gets the name later does not get the session.
  await plane.call('POST', '/v1/tokens', { body: { name: 'ada', role: 'admin' } })
  assert.equal(codeOf(await plane.call('GET', '/v1/whoami', as(headers))), 'session.over')
})

test('a restart logs nobody out, and what is kept on disk logs nobody in', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const { headers, cookie, page } = await logIn(plane)
  const { port } = new URL(plane.running.url)
  await plane.stop({ keep: false })
  const file = join(plane.dataDirectory, 'sessions.json')
  const text = readFileSync(file, 'utf8')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  for (const secret of [cookie.split('=')[1] ?? '', page, plane.dataDirectory]) assert.ok(!text.includes(secret))
  await plane.start({ port: Number(port) })
  assert.equal((await plane.call('GET', '/v1/whoami', as(headers))).status, 200)
  await plane.stop({ keep: false })
  writeFileSync(file, '{"serin":"sess')
  await plane.start({ port: Number(port) })
  assert.equal(codeOf(await plane.call('GET', '/v1/whoami', as(headers))), 'session.over')
})

test('the pages load nothing from elsewhere and nothing inline; the API stays as closed as it was', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  for (const path of ['/', '/login', '/services/shop', '/rollouts/shop-1?at=5', '/journal']) {
    const page = await plane.call('GET', path, { token: null })
    assert.equal(page.status, 200, path)
    assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; script-src 'self';/)
    assert.doesNotMatch(String(page.headers['content-security-policy']), /unsafe|\*|http/)
    assert.equal(page.headers['x-frame-options'], 'DENY')
    const assets = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, asset = '']) => asset)
    assert.ok(assets.length >= 2, 'a style sheet, and the script with what it needs')
    for (const asset of assets) assert.equal((await plane.call('GET', asset, { token: null })).status, 200, asset)
  }
  const api = await plane.call('GET', '/v1/whoami', { token: null })
  assert.deepEqual(
    [api.status, api.headers['content-security-policy']],
    [401, "default-src 'none'; frame-ancestors 'none'"],
  )
  assert.equal((await plane.call('GET', '/assets/../package.json', { token: null })).status, 404)
  assert.equal((await plane.call('GET', '/elsewhere', { token: null })).status, 404)
})
