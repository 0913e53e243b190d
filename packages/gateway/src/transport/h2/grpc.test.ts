import { credentials, makeGenericClientConstructor, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import type {
  ServiceDefinition,
  UntypedServiceImplementation,
  ServerDuplexStream,
  ServerUnaryCall,
  sendUnaryData,
  ServiceError,
} from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCertificate } from '../../testing/certificates.ts'
import { evidenceOf, openWorld, sumOf, tableOf, until } from '../../testing/servers.ts'

const same = (bytes: Buffer): Buffer => bytes
const kind = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same }
const definition: ServiceDefinition = {
  Buy: { path: '/shop.Cart/Buy', requestStream: false, responseStream: false, ...kind },
  Chat: { path: '/shop.Cart/Chat', requestStream: true, responseStream: true, ...kind },
}

/** A real server of gRPC; `code` is what it answers to `Buy`, or it says nothing, and how its streams end. */
async function serve(
  name: string,
  code: status | 'silent' = status.OK,
): Promise<{ url: string; cancelled: () => number } & Disposable> {
  let cancelled = 0
  const server = new Server()
  const methods: UntypedServiceImplementation = {
    Buy: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      call.on('cancelled', () => (cancelled += 1))
      const trailers = new Metadata()
      trailers.set('x-by', name)
      if (code === 'silent') return
      if (code === status.OK) answer(null, Buffer.from(`${name} ${String(call.request)}`), trailers)
      else answer({ code, details: 'on purpose', metadata: trailers })
    },
    Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('cancelled', () => (cancelled += 1))
      call.on('data', (message: Buffer) => call.write(Buffer.from(`${name} ${String(message)}`)))
      call.on('end', () => {
        if (code === status.OK || code === 'silent') call.end()
        else call.emit('error', { code, details: 'on purpose' })
      })
    },
  }
  server.addService(definition, methods)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { url: `http://127.0.0.1:${port}`, cancelled: () => cancelled, [Symbol.dispose]: () => server.forceShutdown() }
}

interface Cart extends Disposable {
  buy(deadlineMs?: number): Promise<{ text: string; code: number; by: string }>
  chat(): ServerDuplexStream<Buffer, Buffer> & { cancel(): void }
}

function client(address: string, pem?: string): Cart {
  const Client = makeGenericClientConstructor(definition, 'Cart')
  const secret = pem === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(pem))
  const cart = new Client(`localhost:${new URL(address).port}`, secret)
  return {
    buy: async (deadlineMs = 10_000) =>
      await new Promise((resolve) => {
        const seen = { text: '', code: -1, by: '' }
        const call = cart['Buy']?.(
          Buffer.from('shoes'),
          new Metadata(),
          { deadline: Date.now() + deadlineMs },
          (_error: ServiceError | null, value?: Buffer) => (seen.text = String(value ?? '')),
        )
        call.on('status', (end: { code: number; metadata: Metadata }) => {
          setImmediate(() => resolve({ ...seen, code: end.code, by: String(end.metadata.get('x-by')[0] ?? '') }))
        })
      }),
    chat: () => cart['Chat']?.(),
    [Symbol.dispose]: () => cart.close(),
  }
}

test('a call, its messages both ways, its trailers and its rules by method come through', async () => {
  await using world = await openWorld()
  using v1 = await serve('v1')
  using v2 = await serve('v2')
  const gateway = await world.gateway()
  const rules = [{ name: 'buying', path: { equals: '/shop.Cart/Buy' }, to: 'canary' as const }]
  await gateway.apply({ ...tableOf(1, 0, { v1: [v1.url], v2: [v2.url] }, { rules }), upstream: 'h2c' })
  using cart = client(gateway.identity.address)
  assert.deepEqual(await cart.buy(), { text: 'v2 shoes', code: 0, by: 'v2' })
  const chat = cart.chat()
  const heard: string[] = []
  chat.on('data', (message: Buffer) => {
    heard.push(String(message))
    if (heard.length < 3) chat.write(Buffer.from(String(heard.length)))
    else chat.end()
  })
  chat.write(Buffer.from('0'))
  await new Promise((resolve) => chat.on('end', resolve))
  assert.deepEqual(heard, ['v1 0', 'v1 1', 'v1 2'])
})

test("the status of a call counts, not that of HTTP: what is the version's fault is an error", async () => {
  await using world = await openWorld()
  using broken = await serve('v1', status.INTERNAL)
  using picky = await serve('v2', status.INVALID_ARGUMENT)
  const gateway = await world.gateway()
  await gateway.apply({ ...tableOf(1, 0, { v1: [broken.url], v2: [] }), upstream: 'h2c' })
  using cart = client(gateway.identity.address)
  assert.deepEqual([(await cart.buy()).code, (await cart.buy()).by], [13, 'v1'])
  await gateway.apply({ ...tableOf(2, 10_000, { v1: [broken.url], v2: [picky.url] }), upstream: 'h2c' })
  assert.equal((await cart.buy()).code, 3)
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v2', (arm) => arm.requests) > 0)
  assert.deepEqual([sumOf(slots, 'v1', (arm) => arm.errors), sumOf(slots, 'v2', (arm) => arm.errors)], [2, 0])
  await gateway.apply({ ...tableOf(3, 0, { v1: [], v2: [] }), upstream: 'h2c' })
  assert.equal((await cart.buy()).code, status.UNAVAILABLE)
})

test("a deadline that passes is the version's fault, a call that is cancelled is nobody's; the version hears of both", async () => {
  await using world = await openWorld()
  using v1 = await serve('v1', 'silent')
  const gateway = await world.gateway()
  await gateway.apply({ ...tableOf(1, 0, { v1: [v1.url], v2: [] }), upstream: 'h2c' })
  using cart = client(gateway.identity.address)
  assert.equal((await cart.buy(400)).code, status.DEADLINE_EXCEEDED)
  await until('the version has heard', () => v1.cancelled() === 1)
  const chat = cart.chat()
  chat.on('error', () => {})
  await until('the call is there', () => gateway.report().inFlight['v1'] === 1)
  chat.cancel()
  await until('the version has heard', () => v1.cancelled() === 2)
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v1', (arm) => arm.errors) > 0)
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.errors),
    1,
  )
})

test('over TLS too a call and a stream come through, and UNAVAILABLE at the end of what went well so far is an error', async () => {
  await using world = await openWorld()
  using good = await serve('v1')
  using broken = await serve('v2', status.UNAVAILABLE)
  const made = await makeCertificate(world.directory, 'shop')
  const gateway = await world.gateway({ tls: [made] })
  using cart = client(gateway.identity.address, made.pem)
  const talk = async (): Promise<readonly [string[], number]> => {
    const heard: string[] = []
    const chat = cart.chat()
    chat.on('error', () => {}).on('data', (message: Buffer) => heard.push(String(message)))
    chat.write(Buffer.from('0'))
    chat.end(Buffer.from('1'))
    const code = await new Promise<number>((resolve) => chat.on('status', (end: { code: number }) => resolve(end.code)))
    return [heard, code]
  }
  const endpoints = { v1: [good.url], v2: [broken.url] }
  await gateway.apply({ ...tableOf(1, 0, endpoints), upstream: 'h2c' })
  assert.deepEqual(await cart.buy(), { text: 'v1 shoes', code: 0, by: 'v1' })
  assert.deepEqual(await talk(), [['v1 0', 'v1 1'], 0])
  await gateway.apply({ ...tableOf(2, 10_000, endpoints), upstream: 'h2c' })
  assert.deepEqual(await talk(), [['v2 0', 'v2 1'], status.UNAVAILABLE])
  assert.equal((await cart.buy()).code, status.UNAVAILABLE)
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v2', (arm) => arm.requests) === 2)
  const counted = (['v1', 'v2'] as const).map((version) => [
    sumOf(slots, version, (arm) => arm.requests),
    sumOf(slots, version, (arm) => arm.errors),
  ])
  assert.deepEqual(counted, [
    [2, 0],
    [2, 2],
  ])
})
