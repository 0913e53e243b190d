import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { promisify } from 'node:util'
import { connectSecurely } from '../testing/tls.ts'
import { makeCertificate } from '../testing/certificates.ts'
import { openSession, sendOn } from '../testing/h2.ts'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, tableOf, until } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'
import type { Gateway, GatewayOptions } from '../gateway.ts'
import type { CertificateFiles } from './certificate.ts'

const run = promisify(execFile)

interface Said {
  readonly event: string
  readonly [field: string]: unknown
}

/** A gateway of TLS before one version, and what it logs. */
async function secured(
  world: World,
  certificates: readonly CertificateFiles[],
  options: Partial<GatewayOptions> = {},
): Promise<{ readonly gateway: Gateway; readonly said: Said[]; readonly port: number }> {
  const v1 = await world.upstream((asked, answer) => {
    asked.resume().on('end', () => answer.end(JSON.stringify({ url: asked.url, headers: asked.headers })))
  })
  const said: Said[] = []
  const log = (event: string, fields: Readonly<Record<string, unknown>>): void => void said.push({ event, ...fields })
  const gateway = await world.gateway({ tls: certificates, log, ...options })
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [v1] }, { sticky: { cookie: 'serin-unit', maxAgeS: 60 } }))
  return { gateway, said, port: Number(new URL(gateway.identity.address).port) }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly shown: string
}

async function ask(
  port: number,
  options: { readonly ca?: string; readonly agent?: Agent; readonly servername?: string; readonly path?: string },
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, servername: 'localhost', ...options }, (answer) => {
      const { socket } = answer
      const shown = socket instanceof tls.TLSSocket ? socket.getPeerCertificate().fingerprint256 : ''
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => (body += text))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, shown }))
      answer.on('error', reject)
    })
    asked.on('error', reject).end()
  })
}

/** The certificate that a new client is shown. */
async function shownAt(port: number, options: tls.ConnectionOptions = {}): Promise<tls.PeerCertificate> {
  const socket = connectSecurely(port, options)
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate()
  } finally {
    socket.destroy()
  }
}

testBothLanes(
  'HTTP/1.1 over TLS passes whole: one after another, with a body, and cookies are for TLS only',
  async () => {
    await using world = await openWorld()
    const made = await makeCertificate(world.directory, 'shop')
    const { gateway, port } = await secured(world, [made])
    assert.match(gateway.identity.address, /^https:/)
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: made.pem })
    for (let i = 0; i < 3; i += 1) {
      const { status, headers, body } = await ask(port, { agent, path: `/${i}` })
      const seen: { url: string } = JSON.parse(body)
      assert.deepEqual([status, seen.url], [200, `/${i}`])
      assert.match(String(headers['set-cookie']), /; Secure/)
    }
    agent.destroy()
  },
)

testBothLanes('HTTP/2 is agreed on in the handshake, and who offers nothing gets HTTP/1.1', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const { gateway, port } = await secured(world, [made])
  using session = await openSession(gateway.identity.address.replace('127.0.0.1', 'localhost'), { ca: made.pem })
  assert.equal(session.alpnProtocol, 'h2')
  const { status, headers } = await sendOn(session, { ':path': '/h2' })
  assert.equal(status, 200)
  assert.match(String(headers['set-cookie']), /; Secure/)
  for (const version of ['1.1', '2']) {
    const about = ['-sS', '--cacert', made.certificate, `--http${version}`, '-o', '/dev/null', '-w', '%{http_version}']
    const { stdout } = await run('curl', [
      ...about,
      `https://localhost:${port}/`,
      '--resolve',
      `localhost:${port}:127.0.0.1`,
    ])
    assert.equal(stdout, version)
  }
  const socket = tls.connect({ host: '127.0.0.1', port, ca: made.pem, servername: 'localhost' })
  socket.end('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  let text = ''
  socket.setEncoding('latin1').on('data', (more: string) => (text += more))
  await once(socket, 'close')
  assert.match(text, /^HTTP\/1\.1 400/, 'prior knowledge is for plain connections')
})

test('the preview address speaks TLS too', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const { gateway } = await secured(world, [made], { preview: { host: '127.0.0.1', port: 0 } })
  assert.match(String(gateway.identity.previewAddress), /^https:/)
  const port = Number(new URL(String(gateway.identity.previewAddress)).port)
  assert.equal((await ask(port, { ca: made.pem })).status, 200)
})

test('each server name gets its certificate, others the first, and nobody gets less than TLS 1.2', async () => {
  await using world = await openWorld()
  const shop = await makeCertificate(world.directory, 'shop', { hosts: ['shop.example'] })
  const api = await makeCertificate(world.directory, 'api', { hosts: ['api.example', '*.api.example'] })
  const { port } = await secured(world, [shop, api])
  const nameAt = async (servername: string): Promise<unknown> => (await shownAt(port, { servername })).subject.CN
  assert.equal(await nameAt('shop.example'), 'shop.example')
  assert.equal(await nameAt('api.example'), 'api.example')
  assert.equal(await nameAt('v1.api.example'), 'api.example')
  assert.equal(await nameAt('other.example'), 'shop.example')
  assert.equal(await nameAt(''), 'shop.example')
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(shownAt(port, old), /protocol version|handshake|socket hang up|disconnected/i)
  await shownAt(port, { maxVersion: 'TLSv1.2' })
})

testBothLanes('a new pair is shown as soon as it is there, and nobody under way loses anything', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const { gateway, said, port } = await secured(world, [made])
  const agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false })
  using session = await openSession(gateway.identity.address.replace('127.0.0.1', 'localhost'), { ca: made.pem })
  const seen = new Set<string>()
  const state = { sent: 0, over: false }
  const client = async (fresh: boolean): Promise<void> => {
    while (!state.over) {
      const once = fresh ? new Agent({ rejectUnauthorized: false }) : agent
      const [one, other] = await Promise.all([ask(port, { agent: once }), sendOn(session, { ':path': '/' })])
      assert.deepEqual([one.status, other.status], [200, 200])
      seen.add(one.shown)
      state.sent += 1
    }
  }
  const load = Promise.all([client(false), client(true), client(true)])
  await until('there is load', () => state.sent > 20)
  await makeCertificate(world.directory, 'shop', { days: 60 })
  await until('the new one is read', () => said.filter(({ event }) => event === 'tls.loaded').length === 2)
  const before = state.sent
  await until('there is load after it', () => state.sent > before + 20)
  state.over = true
  await load
  agent.destroy()
  assert.equal(seen.size, 2)
  assert.deepEqual(gateway.report().problems, [])
})

test('a new pair that does not fit is refused and told, and the old one stays until it is put right', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const other = await makeCertificate(world.directory, 'other')
  const { gateway, said, port } = await secured(world, [made])
  const before = (await shownAt(port)).fingerprint256
  await copyFile(other.key, made.key)
  await gateway.reload()
  assert.match(
    String(said.find(({ event }) => event === 'tls.refused')?.['problem']),
    /is not the key of the certificate/,
  )
  assert.match(
    String(gateway.report().problems?.[0]),
    /is not the key of .* The one before goes on being shown, until \d{4}-/,
  )
  assert.equal((await shownAt(port)).fingerprint256, before)
  await copyFile(other.certificate, made.certificate)
  await gateway.reload()
  assert.deepEqual(gateway.report().problems, [])
  assert.notEqual((await shownAt(port)).fingerprint256, before)
})

test('what cannot be shown is said before anything listens', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const other = await makeCertificate(world.directory, 'other')
  const start = async (files: CertificateFiles): Promise<unknown> => await world.gateway({ tls: [files] })
  await assert.rejects(
    start({ ...made, certificate: '/none.pem' }),
    /The certificate \/none\.pem cannot be read: ENOENT/,
  )
  await assert.rejects(start({ ...made, key: other.key }), /is not the key of the certificate/)
  await assert.rejects(start({ ...made, certificate: made.key }), /holds no certificate in PEM/)
  await assert.rejects(start({ ...made, key: made.certificate }), /holds no key in PEM/)
  const locked = `${world.directory}/locked.key`
  await run('openssl', ['ec', '-aes128', '-passout', 'pass:x', '-in', made.key, '-out', locked])
  await assert.rejects(start({ ...made, key: locked }), /is encrypted: expected one without a passphrase/)
  await writeFile(locked, '')
  await assert.rejects(start({ ...made, key: locked }), /holds no key in PEM/)
})

test('a certificate about to expire, and a key that anybody may read, are told', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop', { days: 5 })
  await chmod(made.key, 0o644)
  const { gateway, said } = await secured(world, [made])
  const { problems = [], certificates = [] } = gateway.report()
  assert.match(String(problems[0]), /shop\.pem expires on \d{4}-\d\d-\d\d, in (5|4) days\./)
  assert.match(String(problems[1]), /Everybody on this machine may read the key .*shop\.key/)
  assert.equal(said.filter(({ event }) => event === 'tls.warning').length, 2)
  assert.deepEqual(certificates[0]?.names, ['DNS:localhost', 'IP Address:127.0.0.1'])
})

test('plain words at the TLS address are answered with what to do, garbage with nothing, and others do not notice', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const { port } = await secured(world, [made])
  const say = async (bytes: Buffer | string): Promise<string> => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    let text = ''
    socket.on('data', (more: string) => (text += more)).on('error', () => {})
    socket.write(bytes)
    await once(socket, 'close')
    return text
  }
  assert.match(await say('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 400 [^]*speaks TLS only: use https:\/\//)
  assert.doesNotMatch(await say(Buffer.concat([Buffer.from([22, 3, 1, 0, 5]), Buffer.alloc(400, 1)])), /HTTP/)
  assert.equal((await ask(port, { ca: made.pem })).status, 200)
})

test('handshakes that do not come to an end are cut off, too many at once give way, and others are served meanwhile', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const { port } = await secured(world, [made], { limits: { headMs: 800, handshakes: 5 } })
  const begun = Buffer.from([22, 3, 1, 2, 0, 1])
  const slow = Array.from({ length: 12 }, (_, i) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    if (i % 2 === 0) socket.write(begun)
    const state = { closed: false }
    socket.on('close', () => (state.closed = true)).resume()
    return state
  })
  await until('the oldest gave way', () => slow.filter(({ closed }) => closed).length >= 7)
  assert.equal((await ask(port, { ca: made.pem })).status, 200)
  await until('the rest was cut off', () => slow.every(({ closed }) => closed))
  assert.equal((await ask(port, { ca: made.pem })).status, 200)
})
