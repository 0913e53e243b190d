import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { makeCertificate } from '../testing/certificates.ts'
import { startProcess } from '../testing/processes.ts'
import { openWorld, tableOf, until } from '../testing/servers.ts'
import { connectSecurely } from '../testing/tls.ts'

/** Asks over a connection of its own; the certificate that it was shown. */
async function shownAt(port: number, own: Pick<ConnectionOptions, 'cert' | 'key'>): Promise<string> {
  const socket = connectSecurely(port, own)
  let text = ''
  socket.setEncoding('latin1').on('data', (more: string) => (text += more))
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  await once(socket, 'close')
  assert.match(text, /^HTTP\/1\.1 200 /)
  return fingerprint256
}

for (const workers of [1, 2])
  test(`SIGHUP shows a new certificate at once, with ${workers} of the processes that carry the traffic`, async () => {
    await using world = await openWorld()
    const v1 = await world.upstream((_request, response) => response.end('v1'))
    const { certificate, key } = await makeCertificate(world.directory, 'shop')
    const partners = await makeCertificate(world.directory, 'partners')
    const till = await makeCertificate(world.directory, 'till', { by: partners })
    const own = { cert: till.pem, key: await readFile(till.key) }
    const files = ['--tls-certificate', certificate, '--tls-key', key, '--client-ca', partners.certificate]
    const where = ['--listen', '127.0.0.1:0', '--workers', String(workers)]
    await using gateway = await startProcess(world.directory, [...where, ...files])
    await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
    const { address, tls: told, clientCertificates: asked } = gateway.identity
    assert.match(address, /^https:/)
    assert.deepEqual([told, asked], [[{ certificate, key }], { ca: partners.certificate, required: true }])
    const port = Number(new URL(address).port)
    const before = await shownAt(port, own)
    await assert.rejects(shownAt(port, {}), 'who shows none is refused')
    await makeCertificate(world.directory, 'shop', { days: 60 })
    gateway.child.kill('SIGHUP')
    // One that has not looked yet would be met sooner or later.
    await until('all show the new one', async () => {
      for (let i = 0; i < 8; i += 1) if ((await shownAt(port, own)) === before) return false
      return true
    })
    const { certificates, problems } = await gateway.report()
    assert.deepEqual([certificates?.length, problems], [1, []])
    assert.equal(gateway.events.filter(({ event }) => event === 'tls.loaded').length, 3)
  })
