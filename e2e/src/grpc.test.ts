/** Follows docs/how-to/grpc.md: its server, its file, its commands; only the port is another. Beside it, the same over TLS, with streams. */
import { credentials, makeGenericClientConstructor, Metadata } from '@grpc/grpc-js'
import type { ChannelCredentials, ClientDuplexStream, ServiceDefinition, ServiceError } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
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
  Chat: { path: '/shop.Cart/Chat', requestStream: true, responseStream: true, ...kind },
}

/** What a server answers whose versions are all well, and which streams as well. */
const chats = `  { Buy: { path: '/shop.Cart/Buy', ...unary, ...bytes }, Chat: { path: '/shop.Cart/Chat', requestStream: true, responseStream: true, ...bytes } },
  {
    Chat: (call) => {
      call.on('data', (word) => call.write(Buffer.from(version + ' ' + word)))
      call.on('end', () => call.end())
    },
    Buy: (_call, answer) => answer(null, Buffer.from(version)),
  },
`

interface Cart {
  /** What was answered, or the status. */
  readonly buy: (user: string, withinMs?: number) => Promise<string>
  /** What was said on a stream, word for word, and the status at its end. */
  readonly chat: (user: string) => Promise<string>
  readonly close: () => void
}

function clientOf(port: number, secret: ChannelCredentials): Cart {
  const Client = makeGenericClientConstructor(definition, 'Cart')
  // While Serin starts, nobody waits longer than this to try again.
  const cart = new Client(`localhost:${port}`, secret, {
    'grpc.max_reconnect_backoff_ms': 300,
    'grpc.initial_reconnect_backoff_ms': 100,
  })
  const callOf = (user: string, withinMs = 60_000): [Metadata, { deadline: number }] => {
    const metadata = new Metadata()
    metadata.set('x-user-id', user)
    return [metadata, { deadline: Date.now() + withinMs }]
  }
  return {
    buy: async (user, withinMs) =>
      await new Promise((resolve) => {
        cart['Buy']?.(Buffer.from('shoes'), ...callOf(user, withinMs), (error: ServiceError | null, answer?: Buffer) =>
          resolve(error === null ? String(answer) : `grpc-status ${error.code}`),
        )
      }),
    chat: async (user) =>
      await new Promise((resolve) => {
        const call: ClientDuplexStream<Buffer, Buffer> = cart['Chat']?.(...callOf(user))
        const said: string[] = []
        call.on('error', () => {}).on('data', (word: Buffer) => said.push(String(word)))
        call.on('status', ({ code }: { code: number }) => {
          setImmediate(() => resolve([...said, `grpc-status ${code}`].join(', ')))
        })
        call.write(Buffer.from('a'))
        call.end(Buffer.from('b'))
      }),
    close: () => cart.close(),
  }
}

/** Calls, one every ten ms, until the result is called or the test ends; what was answered how often. */
function calling(t: TestContext, call: (user: string) => Promise<string>): () => Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>()
  const ending = new AbortController()
  t.after(() => ending.abort())
  const open: Promise<void>[] = []
  const count = async (n: number): Promise<void> => {
    const answer = await call(`user-${n % 1_000}`)
    seen.set(answer, (seen.get(answer) ?? 0) + 1)
  }
  const under = (async () => {
    for (let n = 0; !ending.signal.aborted; n += 1) {
      open.push(count(n))
      await sleep(10)
    }
  })()
  return async () => {
    ending.abort()
    await under
    await Promise.all(open)
    return seen
  }
}

/** The files of the page, and a second service in them: `till`, over TLS. */
function write(directory: string, { cart, till }: { cart: number; till: number }): Buffer {
  const server = pageFile(page, 'server.mjs')
  writeFileSync(join(directory, 'server.mjs'), server)
  const streaming = server.replace(/  \{ Buy: \{ path[^]*?\n  \},\n(?=\))/, chats)
  assert.notEqual(streaming, server)
  writeFileSync(join(directory, 'till.mjs'), streaming)
  const file = pageFile(page, 'serin.yaml').replace('8080', String(cart))
  const second = file
    .slice(file.indexOf('  cart:'))
    .replace('cart:', 'till:')
    .replace('server.mjs', 'till.mjs')
    .replace(String(cart), `${till}\n    gateway: { tls: { certificate: till.pem, key: till.key } }`)
    // A few seconds of calls are no proof of half a percent.
    .replace('kind: errors', 'kind: errors, marginAbsolute: 40%')
  writeFileSync(join(directory, 'serin.yaml'), file + second)
  const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', 'till.key']
  const kindOfKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...kindOfKey, ...about, '-out', 'till.pem'], {
    cwd: directory,
    stdio: 'ignore',
  })
  symlinkSync(join(serinFile, '../../node_modules'), join(directory, 'node_modules'))
  return readFileSync(join(directory, 'till.pem'))
}

interface Shop {
  readonly cart: Cart
  readonly till: Cart
  readonly serin: (...args: string[]) => Promise<{ code: number; text: string }>
}

async function open(t: TestContext): Promise<Shop> {
  const directory = mkdtempSync(join(tmpdir(), 'serin-grpc-'))
  const ports = { cart: await freePort(), till: await freePort() }
  const certificate = write(directory, ports)
  const up = spawn(serinFile, ['up', '--port', '0'], { cwd: directory, stdio: 'ignore' })
  const cart = clientOf(ports.cart, credentials.createInsecure())
  const till = clientOf(ports.till, credentials.createSsl(certificate))
  t.after(async () => {
    cart.close()
    till.close()
    if (up.exitCode === null && up.kill('SIGTERM')) await once(up, 'exit')
    rmSync(directory, { recursive: true, force: true })
  })
  const serin: Shop['serin'] = async (...args) =>
    await new Promise((resolve) => {
      const child = execFile(serinFile, args, { cwd: directory }, (_error, out, err) =>
        resolve({ code: child.exitCode ?? -1, text: out + err }),
      )
    })
  const answers = async ({ buy }: Cart): Promise<boolean> => (await buy('me', 2_000)) === 'v1'
  await until('v1 answers calls', async () => (await answers(cart)) && (await answers(till)))
  return { cart, till, serin }
}

/** Answers to a hundred users, each once. */
async function answersOf(call: (user: string) => Promise<string>): Promise<readonly string[]> {
  const all = await Promise.all(Array.from({ length: 100 }, async (_, n) => await call(`user-${n}`)))
  return [...new Set(all)]
}

const chatOf = (version: string): string => `${version} a, ${version} b, grpc-status 0`

test(
  'a version whose calls fail is rolled back, one whose calls are well is promoted',
  { timeout: 180_000 },
  async (t) => {
    const { cart, till, serin } = await open(t)
    const bad = async (): Promise<void> => {
      const stop = calling(t, cart.buy)
      const released = await serin('release', 'cart', '--to', 'v2', '--wait')
      assert.equal(released.code, 2, released.text)
      assert.match((await serin('explain', 'cart')).text, /v2 was rolled back \(harmful\)/)
      assert.deepEqual(await answersOf(cart.buy), ['v1'])
      const seen = await stop()
      assert.deepEqual([...seen.keys()].toSorted(), ['grpc-status 13', 'v1'], 'nothing failed but what v2 answered')
    }
    const overTls = async (): Promise<void> => {
      const stop = calling(t, till.chat)
      const good = await serin('release', 'till', '--to', 'v2', '--wait')
      assert.equal(good.code, 0, good.text)
      assert.deepEqual([await answersOf(till.buy), await answersOf(till.chat)], [['v2'], [chatOf('v2')]])
      const seen = await stop()
      assert.deepEqual([...seen.keys()].toSorted(), [chatOf('v1'), chatOf('v2')])
    }
    await Promise.all([bad(), overTls()])
  },
)
