/** Follows docs/how-to/grpc.md: its server, its file, its commands. Only the port is another. */
import { credentials, makeGenericClientConstructor, Metadata } from '@grpc/grpc-js'
import type { ServiceDefinition, ServiceError } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './harness/free-port.ts'
import { pageFile } from './harness/page-file.ts'
import { until } from './harness/until.ts'

const page = readFileSync(new URL('../../docs/how-to/grpc.md', import.meta.url), 'utf8')
const serinFile = fileURLToPath(new URL('../../bin/serin', import.meta.url))
const same = (bytes: Buffer): Buffer => bytes
const kind = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same }
const definition: ServiceDefinition = {
  Buy: { path: '/shop.Cart/Buy', requestStream: false, responseStream: false, ...kind },
}

test('a version whose calls fail is rolled back, and nobody on stable sees one', { timeout: 180_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'serin-grpc-'))
  const port = await freePort()
  for (const name of ['server.mjs', 'serin.yaml'])
    writeFileSync(join(directory, name), pageFile(page, name).replaceAll('8080', String(port)))
  symlinkSync(join(serinFile, '../../node_modules'), join(directory, 'node_modules'))
  const up = spawn(serinFile, ['up', '--port', '0'], { cwd: directory, stdio: 'ignore' })
  const Client = makeGenericClientConstructor(definition, 'Cart')
  // While Serin starts, nobody waits longer than this to try again.
  const cart = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_reconnect_backoff_ms': 300,
    'grpc.initial_reconnect_backoff_ms': 100,
  })
  const ending = new AbortController()
  t.after(async () => {
    ending.abort()
    cart.close()
    if (up.exitCode === null && up.kill('SIGTERM')) await once(up, 'exit')
    rmSync(directory, { recursive: true, force: true })
  })
  const buy = async (user: string): Promise<string> =>
    await new Promise((resolve) => {
      const metadata = new Metadata()
      metadata.set('x-user-id', user)
      cart['Buy']?.(
        Buffer.from('shoes'),
        metadata,
        { deadline: Date.now() + 10_000 },
        (error: ServiceError | null, answer?: Buffer) =>
          resolve(error === null ? String(answer) : `grpc-status ${error.code}`),
      )
    })
  const serin = async (...args: string[]): Promise<{ code: number; text: string }> =>
    await new Promise((resolve) => {
      const child = execFile(serinFile, args, { cwd: directory }, (_error, out, err) =>
        resolve({ code: child.exitCode ?? -1, text: out + err }),
      )
    })

  await until('v1 answers calls', async () => (await buy('me')) === 'v1')
  const seen = new Map<string, number>()
  const calling = (async () => {
    for (let n = 0; !ending.signal.aborted; n += 1) {
      void buy(`user-${n % 1_000}`).then((answer) => seen.set(answer, (seen.get(answer) ?? 0) + 1))
      await sleep(10)
    }
  })()
  const released = await serin('release', 'cart', '--to', 'v2', '--wait')
  assert.equal(released.code, 2, released.text)
  assert.match((await serin('explain', 'cart')).text, /v2 was rolled back \(harmful\)/)
  const after = await Promise.all(Array.from({ length: 100 }, async (_, n) => await buy(`user-${n}`)))
  assert.deepEqual([...new Set(after)], ['v1'])
  ending.abort()
  await calling
  assert.deepEqual([...seen.keys()].toSorted(), ['grpc-status 13', 'v1'], 'nothing failed but what v2 answered')
})
