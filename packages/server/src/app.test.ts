import { api, catalogue, type OperationName } from '@serin/spec'
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ControlPlane, send, type Answer, type Sent } from './testing/control-plane.ts'

/** Calls an operation and checks that its answer is what the table says: nothing missing, nothing more. */
async function operation(plane: ControlPlane, name: OperationName, path: string, sent: Sent = {}): Promise<unknown> {
  const { method, response } = api[name]
  const answer = await plane.call(method, path, sent)
  assert.equal(answer.status, 200, `${name}: ${answer.text}`)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
  assert.deepEqual(response.parse(answer.json), answer.json, name)
  return answer.json
}

/** Checks that an answer is a whole problem with this code. */
function assertProblem(answer: Answer, code: keyof typeof catalogue, detail?: RegExp): void {
  assert.equal(answer.headers['content-type'], 'application/problem+json', `${code}: ${answer.text}`)
  const problem = answer.json as Record<string, unknown>
  assert.deepEqual(
    [problem['code'], problem['title'], problem['status'], problem['hint'], problem['type']],
    [code, code, answer.status, catalogue[code].hint, `https://serin.dev/errors/${code}`],
    answer.text,
  )
  assert.equal(answer.status, catalogue[code].status)
  assert.ok(typeof problem['detail'] === 'string' && problem['detail'].length > 10)
  if (detail !== undefined) assert.match(problem['detail'], detail)
}

test('every operation answers as the table says', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const text = await plane.file()
  await operation(plane, 'listServices', '/v1/services')
  await operation(plane, 'applyFile', '/v1/file', { body: { text, baseDirectory: '/' } })
  await operation(plane, 'applyFile', '/v1/file', { body: { text, baseDirectory: '/', name: 'again.yaml' } })
  await plane.until('it serves', async () =>
    JSON.stringify((await plane.call('GET', '/v1/services')).json).includes('"inForceBp":10000'),
  )
  await operation(plane, 'listServices', '/v1/services')
  await operation(plane, 'getService', '/v1/services/shop')
  await operation(plane, 'getTraffic', '/v1/services/shop/traffic')
  await operation(plane, 'assignment', '/v1/services/shop/assignment', { body: { unit: 'user-42' } })
  await operation(plane, 'release', '/v1/services/shop/release', { body: { to: 'v2', why: 'a test' } })
  await plane.until('it has traffic', async () =>
    JSON.stringify((await plane.call('GET', '/v1/rollouts/shop')).json).includes('"inForceBp":1000'),
  )
  const commands: readonly (readonly [OperationName, string, unknown])[] = [
    ['pause', 'pause', { why: 'wait' }],
    ['resume', 'resume', {}],
    ['promote', 'promote', { full: false, seenStep: 0 }],
    ['abort', 'abort', undefined],
  ]
  for (const [name, verb, body] of commands) await operation(plane, name, `/v1/rollouts/shop/${verb}`, { body })
  await plane.until('it is back', async () =>
    JSON.stringify((await plane.call('GET', '/v1/rollouts/shop-1')).json).includes('"phase":"rolled-back"'),
  )
  await operation(plane, 'retry', '/v1/rollouts/shop-1/retry', { body: {} })
  await operation(plane, 'getRollout', '/v1/rollouts/shop-1')
  await operation(plane, 'getRollout', '/v1/rollouts/shop')
  const found = async (query: string) =>
    ((await operation(plane, 'listRollouts', `/v1/rollouts?${query}`)) as { rollouts: readonly unknown[] }).rollouts
      .length
  assert.deepEqual(
    [
      await found('service=shop&limit=3'),
      await found('find=V2+shop'),
      await found('find=v9'),
      await found('before=shop-1'),
    ],
    [1, 1, 0, 0],
  )
  assert.equal((await plane.call('GET', '/v1/rollouts?before=shop-9')).status, 404)
  await operation(plane, 'undo', '/v1/services/shop/undo', { body: { why: 'enough' } })
  await operation(plane, 'observe', '/v1/observations', {
    body: { observations: [{ metric: 'wrong', value: 1, unit: 'u' }] },
  })
  const page = (await operation(plane, 'journal', '/v1/journal?after=1&limit=2')) as { entries: { seq: number }[] }
  assert.deepEqual(
    page.entries.map(({ seq }) => seq),
    [2, 3],
  )
  const newest = (await operation(
    plane,
    'journal',
    '/v1/journal?newest=true&limit=1&stream=rollout/shop-1',
  )) as typeof page
  assert.equal(newest.entries.length, 1)
  const verified = (await operation(plane, 'verifyJournal', '/v1/journal/verify')) as { ok: boolean }
  assert.equal(verified.ok, true)
  const who = await operation(plane, 'whoami', '/v1/whoami')
  assert.deepEqual(who, {
    actor: 'admin',
    role: 'admin',
    may: Object.keys(api),
    version: '0.1.0',
    dataDirectory: plane.dataDirectory,
  })
  const { entries } = (await plane.call('GET', '/v1/journal?limit=1000')).json as {
    entries: { kind: string; actor: string; data: { why?: string } }[]
  }
  const pause = entries.find(({ kind }) => kind === 'rollout.pause')
  assert.deepEqual([pause?.actor, pause?.data.why], ['admin', 'wait'])
  assert.deepEqual(plane.lines, [])
})

test('every refusal is a problem with a code, a status and a hint', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop()
  const call = (method: string, path: string, sent?: Sent) => plane.call(method, path, sent)
  assertProblem(await call('GET', '/v1/services/shap'), 'service.not-found', /Did you mean shop\?/)
  assertProblem(await call('GET', '/v1/rollouts/shop'), 'rollout.not-found')
  assertProblem(await call('POST', '/v1/services/shop/release', { body: { to: 'v9' } }), 'version.not-found')
  assertProblem(await call('POST', '/v1/services/shop/release', { body: { to: 'v1' } }), 'rollout.refused')
  assertProblem(await call('POST', '/v1/services/shop/undo', { body: {} }), 'rollout.refused')
  assertProblem(
    await call('PUT', '/v1/file', { body: { text: 'serin: v1\nservices: {}', baseDirectory: '/' } }),
    'config.invalid',
  )
  assertProblem(await call('PUT', '/v1/file', { body: { text: '{', baseDirectory: '/' } }), 'config.invalid')
  const other = (await plane.file()).replace('"]', '/other"]')
  assertProblem(await call('PUT', '/v1/file', { body: { text: other, baseDirectory: '/' } }), 'version.immutable')
  await call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
  assertProblem(await call('POST', '/v1/services/shop/release', { body: { to: 'v2' } }), 'rollout.active')
  assertProblem(await call('POST', '/v1/rollouts/shop/promote', { body: { seenStep: 7 } }), 'rollout.refused')
  const far = { observations: [{ metric: 'wrong', value: 1e300, unit: 'u' }] }
  assertProblem(await call('POST', '/v1/observations', { body: far }), 'observation.invalid')
})

test('a call without a token, or with another, is refused before anything is looked at', async () => {
  await using plane = new ControlPlane()
  const { token } = await plane.start()
  const paths = ['/v1/services', '/v1/events', '/v1/nothing', '/v1/services/shop/release']
  for (const path of paths) {
    const missing = await plane.call('GET', path, { token: null })
    assertProblem(missing, 'auth.missing')
    assert.equal(missing.headers['www-authenticate'], 'Bearer')
    for (const wrong of ['x', `${token}x`, token.slice(1), token.toUpperCase()])
      assertProblem(await plane.call('GET', path, { token: wrong }), 'auth.refused')
  }
  for (const authorization of [token, `Basic ${token}`, 'Bearer', 'Bearer ', `Bearer ${token} x`])
    assertProblem(await plane.call('GET', '/v1/services', { token: null, headers: { authorization } }), 'auth.missing')
  for (const authorization of [`bearer ${token}`, `BEARER   ${token}`])
    assert.equal((await plane.call('GET', '/v1/services', { token: null, headers: { authorization } })).status, 200)
})

test('a path that is not there and a method it does not take are said to be', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  assertProblem(await plane.call('GET', '/v1/servces'), 'path.not-found', /There is no GET \/v1\/servces/)
  assertProblem(await plane.call('GET', '/nothing', { token: null }), 'path.not-found')
  assertProblem(await plane.call('POST', '/healthz', { token: null }), 'path.not-found')
  for (const [method, path, allow] of [
    ['DELETE', '/v1/services/shop', 'GET'],
    ['POST', '/v1/file', 'PUT'],
    ['GET', '/v1/observations', 'POST'],
    ['OPTIONS', '/v1/services', 'GET'],
    ['POST', '/v1/events', 'GET'],
  ] as const) {
    const answer = await plane.call(method, path)
    assertProblem(answer, 'method.not-allowed')
    assert.equal(answer.headers.allow, allow)
  }
})

test('a body, a query or a path that does not fit is refused with its place', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const refused = async (method: string, path: string, sent: Sent, detail: RegExp) =>
    assertProblem(await plane.call(method, path, sent), 'body.invalid', detail)
  const release = '/v1/services/shop/release'
  await refused('POST', release, { raw: '{"to":' }, /not JSON/)
  for (const raw of ['null', '[]', '"v2"', '1']) await refused('POST', release, { raw }, /The body does not fit/)
  await refused('POST', release, { body: {} }, /to: /)
  await refused('POST', release, { body: { to: 'v2', supercede: true } }, /supercede/)
  await refused('POST', release, { body: { to: 'v2', why: 'x'.repeat(2_001) } }, /why: /)
  await refused('GET', '/v1/rollouts?limit=0', {}, /limit: /)
  await refused('GET', '/v1/rollouts?limti=5', {}, /no "limti"\. Did you mean limit\?/)
  await refused('GET', '/v1/services?limit=5', {}, /no "limit"/)
  await refused('GET', '/v1/journal?newest=perhaps', {}, /newest: /)
  await refused('POST', '/v1/observations', { body: { observations: [] } }, /observations: /)
  await refused('GET', '/v1/events?after=yesterday', {}, /"yesterday" is no place/)
  await refused('GET', '/v1/events', { headers: { 'last-event-id': '-1' } }, /no place/)
})

test('a body that is too large is refused, declared or not, and the control plane goes on', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start()
  const large = Buffer.alloc(9_000_000, 'a')
  assertProblem(await plane.call('PUT', '/v1/file', { raw: large }), 'body.too-large')
  const undeclared = await new Promise<Answer>((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let text = ''
    socket.on('error', reject).setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const [head = '', body = ''] = text.split('\r\n\r\n')
      if (!body.includes('}')) return
      socket.destroy()
      const json: unknown = JSON.parse(/\{.*\}/s.exec(body)?.[0] ?? 'null')
      const headers = { 'content-type': /content-type: (\S+)/i.exec(head)?.[1] ?? '' }
      resolve({ status: Number(head.split(' ')[1]), headers, text: body, json })
    })
    socket.write(
      `PUT /v1/file HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ntransfer-encoding: chunked\r\n\r\n`,
    )
    const chunk = `10000\r\n${'a'.repeat(0x10_000)}\r\n`
    for (let i = 0; i < 140; i += 1) socket.write(chunk)
  })
  assertProblem(undeclared, 'body.too-large')
  assert.equal((await plane.call('GET', '/v1/services')).status, 200)
})

test('observations come as JSON or one per line, and a bad line is named', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop()
  const ndjson = { 'content-type': 'application/x-ndjson; charset=utf-8' }
  const line = (unit: string) => JSON.stringify({ metric: 'wrong', value: 1, unit })
  const sent = (raw: string) => plane.call('POST', '/v1/observations', { raw, headers: ndjson })
  assert.deepEqual((await sent(`${line('a')}\n\n${line('ü')}\r\n`)).json, { accepted: 0, ignored: 2 })
  assertProblem(await sent(`${line('a')}\n{"metric"`), 'body.invalid', /Line 2 of the body is not JSON/)
  assertProblem(await sent(`${line('a')}\n{"metric":"wrong"}`), 'body.invalid', /observations\.1/)
  assertProblem(await sent(''), 'body.invalid')
  const many = Array.from({ length: 10_001 }, (_, i) => line(`u${i}`)).join('\n')
  assertProblem(await sent(many), 'body.invalid')
})

test('a page of another site cannot use the control plane through somebody’s browser', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start()
  const host = new URL(url).host
  const get = (headers: Readonly<Record<string, string>>, path = '/v1/services') =>
    send(`${url}${path}`, 'GET', { token, headers })
  for (const good of [host, 'localhost:4560', '127.0.0.1', '127.1.2.3:1', '[::1]:4560', 'serin.localhost:80'])
    assert.equal((await get({ host: good })).status, 200, good)
  // A name that was bound again to this address.
  for (const bad of [
    'evil.example',
    'evil.example:4560',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ])
    assertProblem(await get({ host: bad }), 'origin.refused', new RegExp(`"${bad.replace(/:\d+$/, '')}"`))
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost:1',
    `https://${host}.evil.example`,
    'garbage',
  ])
    assertProblem(await get({ origin }), 'origin.refused')
  assert.equal((await get({ origin: url })).status, 200)
  for (const site of ['cross-site', 'same-site']) assertProblem(await get({ 'sec-fetch-site': site }), 'origin.refused')
  for (const site of ['same-origin', 'none']) assert.equal((await get({ 'sec-fetch-site': site })).status, 200)
  assertProblem(await get({ origin: 'https://evil.example' }, '/v1/openapi.json'), 'origin.refused')
  const preflight = await send(`${url}/v1/services`, 'OPTIONS', {
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
  })
  assert.equal(
    Object.keys(preflight.headers).some((name) => name.startsWith('access-control')),
    false,
  )
})

test('names besides the loopback ones are known when they are told', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start({ names: ['serin.example'] })
  const get = (host: string) => send(`${url}/v1/services`, 'GET', { token, headers: { host } })
  assert.equal((await get('serin.example:443')).status, 200)
  assert.equal((await get('Serin.Example')).status, 200)
  assertProblem(await get('other.example'), 'origin.refused')
})

test('a request nobody can read is a problem, too', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start()
  assertProblem(await send(`${url}/v1/services`, 'GET', { token, headers: { host: 'a b' } }), 'body.invalid')
})

test('every answer tells browsers to guess, frame and keep nothing', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  for (const path of ['/v1/services', '/v1/nothing', '/nothing', '/healthz', '/v1/openapi.json']) {
    const { headers } = await plane.call('GET', path)
    assert.deepEqual(
      [
        headers['cache-control'],
        headers['x-content-type-options'],
        headers['x-frame-options'],
        headers['referrer-policy'],
      ],
      ['no-store', 'nosniff', 'DENY', 'no-referrer'],
      path,
    )
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(headers['x-powered-by'], undefined)
  }
})
