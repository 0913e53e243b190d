import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import type { Transport } from '../transport/lane/link/choose.ts'

const asked = new AsyncLocalStorage<Transport>()

/** The lanes that the test under way asks of its gateways, if it does. */
export function lanesOfTest(): { readonly transport?: Transport } {
  const transport = asked.getStore()
  return transport === undefined ? {} : { transport }
}

/** A test of what holds with the fast lane and without it: it runs once for each, and each transport. */
export function testBothLanes(name: string, body: () => Promise<void>): void {
  testOn(['raw', 'net', 'http'], name, body)
}

/** A test of the fast lane: it runs once for each of its transports. */
export function testFastLane(name: string, body: () => Promise<void>): void {
  testOn(['raw', 'net'], name, body)
}

function testOn(transports: readonly Transport[], name: string, body: () => Promise<void>): void {
  for (const transport of transports) test(`${transport}: ${name}`, async () => await asked.run(transport, body))
}
