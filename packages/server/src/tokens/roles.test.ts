/** What each role may do, asked of a real control plane. */
import { api, roles, type Operation, type OperationName, type Role } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiDocument } from '../open-api.ts'
import { ControlPlane, type Answer } from '../testing/control-plane.ts'

/** What was promised, written down a second time: an operation that is added, or moved to another role, is decided here too. */
const promised: Readonly<Record<OperationName | 'events', Role>> = {
  listServices: 'viewer',
  getService: 'viewer',
  plan: 'viewer',
  getTraffic: 'viewer',
  listSimulations: 'viewer',
  getSimulation: 'viewer',
  assignment: 'viewer',
  listReleases: 'viewer',
  getRelease: 'viewer',
  listRollouts: 'viewer',
  getRollout: 'viewer',
  getHistory: 'viewer',
  journal: 'viewer',
  verifyJournal: 'viewer',
  whoami: 'viewer',
  createLoginLink: 'viewer',
  events: 'viewer',
  promote: 'operator',
  pause: 'operator',
  resume: 'operator',
  jump: 'operator',
  approve: 'operator',
  abort: 'operator',
  retry: 'operator',
  undo: 'operator',
  simulate: 'operator',
  cancelSimulation: 'operator',
  pauseRelease: 'operator',
  resumeRelease: 'operator',
  abortRelease: 'operator',
  startRelease: 'deployer',
  applyFile: 'deployer',
  release: 'deployer',
  observe: 'deployer',
  listTokens: 'admin',
  createToken: 'admin',
  revokeToken: 'admin',
}

async function tokenFor(plane: ControlPlane, name: string, role: Role, expiresInMs?: number): Promise<string> {
  const made = await plane.call('POST', '/v1/tokens', { body: { name, role, expiresInMs } })
  assert.equal(made.status, 200, made.text)
  return (made.json as { secret: string }).secret
}

function codeOf(answer: Answer): unknown {
  return (answer.json as { code?: unknown } | undefined)?.code
}

test('every role is let through to what it may do, and to nothing else', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  for (const [i, role] of roles.entries()) {
    const token = await tokenFor(plane, `the-${role}`, role)
    for (const [name, { method, path }] of Object.entries<Operation>(api)) {
      // Nothing is there and nothing is given: whoever is let through learns that.
      const answer = await plane.call(method, path.replaceAll(/\{\w+\}/g, 'nothing'), {
        token,
        ...(method === 'GET' ? {} : { body: {} }),
      })
      const may = i >= roles.indexOf(promised[name as OperationName])
      assert.equal(codeOf(answer) !== 'auth.forbidden', may, `${role} ${name}: ${answer.text}`)
      assert.ok(
        may ? [200, 400, 404].includes(answer.status) : answer.status === 403,
        `${role} ${name}: ${answer.text}`,
      )
    }
    const who = (await plane.call('GET', '/v1/whoami', { token })).json as { actor: string; role: Role; may: string[] }
    const may = Object.keys(api).filter((name) => i >= roles.indexOf(promised[name as OperationName]))
    assert.deepEqual([who.actor, who.role, who.may], [`the-${role}`, role, may])
  }
})

test('who is refused is told who they are, what they have and what it takes', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const token = await tokenFor(plane, 'ada', 'operator')
  const refused = await plane.call('POST', '/v1/services/shop/release', { token, raw: 'not even JSON' })
  const { detail, details } = refused.json as { detail: string; details: unknown }
  assert.equal(detail, 'You are ada, with the role operator; "release" needs the role deployer.')
  assert.deepEqual(details, { actor: 'ada', role: 'operator', needed: 'deployer' })
})

test('the OpenAPI document says the role of every operation', () => {
  const paths = openApiDocument()['paths'] as Record<string, Record<string, Record<string, unknown>>>
  const printed = Object.values(paths).flatMap((item) =>
    Object.values(item).map((operation) => [operation['operationId'], operation['x-serin-role']]),
  )
  assert.deepEqual(Object.fromEntries(printed), promised)
})

test('what is done with a token is in the journal under its name; making and revoking it too, without the secret', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop()
  const body = { name: 'ada', role: 'deployer', expiresInMs: 86_400_000, why: 'on call' }
  const made = (await plane.call('POST', '/v1/tokens', { body })).json as { secret: string; token: object }
  assert.match(made.secret, /^serin_[\w-]{43}$/)
  await plane.call('POST', '/v1/services/shop/release', { token: made.secret, body: { to: 'v2' } })
  const listed = await plane.call('GET', '/v1/tokens')
  assert.deepEqual(listed.json, { tokens: [made.token] })
  const revoked = await plane.call('POST', '/v1/tokens/ada/revoke', { body: { why: 'left' } })
  assert.deepEqual([revoked.status, revoked.json], [200, made.token])
  const journal = await plane.call('GET', '/v1/journal?limit=1000')
  const { entries } = journal.json as { entries: { stream: string; kind: string; actor: string; data: object }[] }
  assert.equal(entries.find(({ kind }) => kind === 'rollout.started')?.actor, 'ada')
  const { expiresAt } = made.token as { expiresAt: number }
  assert.deepEqual(
    entries.filter(({ stream }) => stream === 'system').map(({ kind, actor, data }) => [kind, actor, data]),
    [
      ['token.created', 'admin', { token: 'ada', role: 'deployer', expiresAt, why: 'on call' }],
      ['token.revoked', 'admin', { token: 'ada', role: 'deployer', why: 'left' }],
    ],
  )
  for (const answer of [journal, listed, revoked]) assert.ok(!answer.text.includes(made.secret.slice(6)), answer.text)
  assert.equal(((await plane.call('GET', '/v1/journal/verify')).json as { ok: boolean }).ok, true)
})

test('a revoked token is refused at once and an expired one from its end on; both after a restart too', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const good = await tokenFor(plane, 'good', 'viewer')
  const revoked = await tokenFor(plane, 'revoked', 'admin')
  const expired = await tokenFor(plane, 'expired', 'viewer', 1)
  // It may take itself back.
  assert.equal((await plane.call('POST', '/v1/tokens/revoked/revoke', { token: revoked, body: {} })).status, 200)
  const codes = async () =>
    await Promise.all(
      [good, revoked, expired, `${good}x`, good.slice(6)].map(async (token) =>
        codeOf(await plane.call('GET', '/v1/whoami', { token })),
      ),
    )
  await plane.until('it has expired', async () => (await codes())[2] === 'auth.expired')
  const expected = [undefined, 'auth.refused', 'auth.expired', 'auth.refused', 'auth.refused']
  assert.deepEqual(await codes(), expected)
  await plane.stop({ keep: false })
  await plane.start()
  assert.deepEqual(await codes(), expected)
})

test('names are told apart without their capital letters, and some are taken', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await tokenFor(plane, 'Ada', 'viewer')
  const code = async (body: object) => codeOf(await plane.call('POST', '/v1/tokens', { body }))
  assert.equal(await code({ name: 'ada', role: 'admin' }), 'token.refused')
  for (const name of ['admin', 'Admin', 'serin', 'SERIN', '', 'a/b', '.', 'x'.repeat(64)])
    assert.equal(await code({ name, role: 'viewer' }), 'body.invalid', name)
  for (const role of ['owner', '', undefined]) assert.equal(await code({ name: 'b', role }), 'body.invalid')
  for (const expiresInMs of [0, -1, 1.5, 401 * 86_400_000])
    assert.equal(await code({ name: 'b', role: 'viewer', expiresInMs }), 'body.invalid')
  assert.equal(codeOf(await plane.call('POST', '/v1/tokens/b/revoke', { body: {} })), 'token.not-found')
  assert.equal(codeOf(await plane.call('POST', '/v1/tokens/admin/revoke', { body: {} })), 'token.not-found')
  assert.equal((await plane.call('POST', '/v1/tokens/ADA/revoke', { body: {} })).status, 200)
  await tokenFor(plane, 'ada', 'admin')
})

test('an event stream ends when its token is revoked or expires; others go on', async () => {
  await using plane = new ControlPlane()
  const { url } = await plane.start()
  const revoked = await tokenFor(plane, 'revoked', 'viewer')
  const expiring = await tokenFor(plane, 'expiring', 'viewer', 3_000)
  const staying = await tokenFor(plane, 'staying', 'viewer')
  const streams = await Promise.all(
    [revoked, expiring, staying].map(async (token) => {
      const done = new AbortController()
      const answer = await fetch(`${url}/v1/events`, {
        headers: { authorization: `Bearer ${token}` },
        signal: done.signal,
      })
      assert.equal(answer.status, 200)
      const stream = { text: '', ended: false, done }
      void (async () => {
        const decoder = new TextDecoder()
        for await (const chunk of answer.body ?? []) stream.text += decoder.decode(chunk)
        stream.ended = true
      })().catch(() => undefined)
      return stream
    }),
  )
  await plane.call('POST', '/v1/tokens/revoked/revoke', { body: {} })
  await plane.until('two have ended', () => streams[0]?.ended === true && streams[1]?.ended === true)
  // What happens to the control plane itself is live, too.
  await plane.until('the third hears of it', () => streams[2]?.text.includes('"kind":"token.revoked"') === true)
  assert.equal(streams[2]?.ended, false)
  streams[2]?.done.abort()
})
