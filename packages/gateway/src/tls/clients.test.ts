/** Clients that have to show certificates: real handshakes, both versions of HTTP, whichever lane. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { connectSecurely } from '../testing/tls.ts'
import { makeCertificate } from '../testing/certificates.ts'
import type { MadeCertificate } from '../testing/certificates.ts'
import { openSession, sendOn } from '../testing/h2.ts'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, tableOf } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'
import type { Gateway } from '../gateway.ts'
import type { RoutingTable } from '@serin/core'
import type { ClientCertificates } from './authority.ts'
import type { CertificateFiles } from './certificate.ts'
import { textOfSubject } from './subject.ts'

interface Shop {
  readonly gateway: Gateway
  readonly port: number
  readonly shown: MadeCertificate
  /** Those that vouch for clients. */
  readonly authority: MadeCertificate
  /** A client that they vouch for, and one for whom others do. */
  readonly known: CertificateFiles
  readonly stranger: CertificateFiles
  readonly said: readonly { readonly event: string }[]
}

/** A gateway that asks its clients, before two versions that answer with the headers they got. */
async function open(world: World, asked: Partial<ClientCertificates>, more: Partial<RoutingTable> = {}): Promise<Shop> {
  const { directory } = world
  const [shown, api, authority, others] = await Promise.all([
    makeCertificate(directory, 'shop'),
    makeCertificate(directory, 'api', { hosts: ['api.example'] }),
    makeCertificate(directory, 'authority', { subject: '/CN=Partners' }),
    makeCertificate(directory, 'others', { subject: '/CN=Partners' }),
  ])
  const subject = '/O=Läden, Inc/CN=till-7'
  const [known, stranger] = await Promise.all([
    makeCertificate(directory, 'known', { subject, by: authority }),
    makeCertificate(directory, 'stranger', { subject, by: others }),
  ])
  const serve = async (name: string): Promise<string> =>
    await world.upstream((request, response) => response.end(JSON.stringify({ name, headers: request.rawHeaders })))
  const said: { event: string }[] = []
  const gateway = await world.gateway({
    tls: [shown, api],
    clientCertificates: { ca: authority.certificate, required: true, ...asked },
    log: (event, fields) => void said.push({ event, ...fields }),
  })
  await gateway.apply(tableOf(1, 0, { v1: [await serve('v1')], v2: [await serve('v2')] }, more))
  const port = Number(new URL(gateway.identity.address).port)
  return { gateway, port, shown, authority, known, stranger, said }
}

interface Answered {
  readonly name: string
  /** Values under the name of the subject, and under names like it. */
  readonly subjects: readonly string[]
}

async function pemOf({ certificate, key }: CertificateFiles): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(certificate), key: await readFile(key) }
}

/** Asks over a connection of its own; null: no answer came. */
async function ask(
  port: number,
  { lines = '', ...options }: tls.ConnectionOptions & { readonly lines?: string } = {},
): Promise<Answered | null> {
  const socket = connectSecurely(port, options)
  let text = ''
  socket
    .setEncoding('latin1')
    .on('data', (more: string) => (text += more))
    .on('error', () => {})
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close${lines}\r\n\r\n`)
  await new Promise((resolve) => socket.once('close', resolve))
  if (text === '') return null
  assert.match(text, /^HTTP\/1\.1 200 /)
  return answered(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
}

function answered(body: string): Answered {
  const { name, headers }: { name: string; headers: string[] } = JSON.parse(body)
  const isSubject = (one: string): boolean => one.toLowerCase().replaceAll('_', '-') === 'x-client-subject'
  return { name, subjects: headers.filter((_, i) => i % 2 === 1 && isSubject(headers[i - 1] ?? '')) }
}

const subject = String.raw`CN=till-7,O=L\C3\A4den\, Inc`

testBothLanes(
  'who shows no certificate, or one that nobody vouches for, gets no answer, whatever name it asks for',
  async () => {
    await using world = await openWorld()
    const { gateway, port, known, stranger, shown } = await open(world, {})
    const [own, strange] = [await pemOf(known), await pemOf(stranger)]
    for (const servername of ['localhost', 'api.example', ''])
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const how = { servername, maxVersion }
        assert.deepEqual(await ask(port, { ...how, ...own }), { name: 'v1', subjects: [] })
        assert.equal(await ask(port, how), null, `none, ${servername}, ${maxVersion}`)
        assert.equal(await ask(port, { ...how, ...strange }), null, `a strange one, ${servername}, ${maxVersion}`)
      }
    const address = gateway.identity.address.replace('127.0.0.1', 'localhost')
    using session = await openSession(address, { ca: shown.pem, ...own })
    assert.equal((await sendOn(session, { ':path': '/' })).status, 200)
    await assert.rejects(async () => {
      using refused = await openSession(address, { ca: shown.pem, ...strange })
      await sendOn(refused, { ':path': '/' })
    })
  },
)

test('the subject is a header that only the gateway writes, for versions, units and rules alike', async () => {
  await using world = await openWorld()
  const rules = [{ name: 'tills', header: { 'x-client-subject': { prefix: 'CN=till-' } }, to: 'canary' as const }]
  const shop = await open(world, { required: false, header: 'X-Client-Subject' }, { rules })
  const { gateway, port, known, stranger, shown } = shop
  const own = await pemOf(known)
  const forged = '\r\nX-Client-Subject: CN=till-1\r\nx_client-subject: CN=till-2'
  assert.deepEqual(await ask(port), { name: 'v1', subjects: [] })
  assert.deepEqual(await ask(port, { lines: forged }), { name: 'v1', subjects: [] })
  assert.equal(await ask(port, await pemOf(stranger)), null, 'none is better than a wrong one')
  assert.deepEqual(await ask(port, own), { name: 'v2', subjects: [subject] })
  const lines = `, X-Client-Subject${forged}`
  assert.deepEqual(await ask(port, { ...own, lines }), { name: 'v2', subjects: [subject] })
  const address = gateway.identity.address.replace('127.0.0.1', 'localhost')
  for (const [pem, expected] of [
    [own, { name: 'v2', subjects: [subject] }],
    [{}, { name: 'v1', subjects: [] }],
  ] as const) {
    using session = await openSession(address, { ca: shown.pem, ...pem })
    const { body } = await sendOn(session, { ':path': '/', 'x-client-subject': 'CN=till-1' })
    assert.deepEqual(answered(String(body)), expected)
  }
})

test('who vouches is read anew: sessions of before are not taken up, and what is no authority is refused', async () => {
  await using world = await openWorld()
  const { gateway, port, authority, known, stranger, said } = await open(world, {})
  const [own, strange] = [await pemOf(known), await pemOf(stranger)]
  const sessions: [tls.SecureVersion, Buffer][] = []
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const host = { host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'localhost', maxVersion }
    const socket = tls.connect({ ...host, ...own })
    socket.resume()
    const session = await new Promise<Buffer>((resolve) => socket.once('session', resolve))
    socket.destroy()
    sessions.push([maxVersion, session])
    const again = tls.connect({ ...host, ...own, session })
    await once(again, 'secureConnect')
    assert.ok(again.isSessionReused(), 'it is taken up as long as nothing changes')
    again.destroy()
  }
  await writeFile(authority.certificate, 'rubbish')
  await gateway.reload()
  assert.match(
    String(gateway.report().problems?.[0]),
    /authority\.pem holds no certificate of an authority in PEM\. The one before goes on being believed, until \d{4}-/,
  )
  assert.notEqual(await ask(port, own), null)
  await copyFile(`${world.directory}/others.pem`, authority.certificate)
  await gateway.reload()
  assert.deepEqual(gateway.report().problems, [])
  assert.deepEqual(
    said.map(({ event }) => event).filter((event) => event.startsWith('tls')),
    ['tls.loaded', 'tls.loaded', 'tls.loaded', 'tls.refused', 'tls.loaded'],
  )
  for (const servername of ['localhost', 'api.example', '']) {
    assert.equal(await ask(port, { servername, ...own }), null)
    assert.notEqual(await ask(port, { servername, ...strange }), null)
  }
  for (const [maxVersion, session] of sessions) assert.equal(await ask(port, { ...own, maxVersion, session }), null)
})

test('authorities that cannot be read are said before anything listens', async () => {
  await using world = await openWorld()
  const made = await makeCertificate(world.directory, 'shop')
  const start = async (ca: string): Promise<unknown> =>
    await world.gateway({ tls: [made], clientCertificates: { ca, required: true } })
  await assert.rejects(start('/none.pem'), /The file of authorities \/none\.pem cannot be read: ENOENT/)
  await assert.rejects(start(made.key), /holds no certificate of an authority in PEM/)
})

test('a subject is written as RFC 4514 has it, in ASCII', () => {
  assert.equal(textOfSubject('C=NO\nO=A\\, B\nCN=x'), 'CN=x,O=A\\, B,C=NO')
  assert.equal(textOfSubject('CN=ä€\u{1f600}\t'), String.raw`CN=\C3\A4\E2\82\AC\F0\9F\98\80\09`)
})
