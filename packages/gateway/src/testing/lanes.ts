import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import type { Transport } from '../transport/http.ts'

const asked = new AsyncLocalStorage<Transport>()

/** The lanes that the test under way asks of its gateways, if it does. */
export function lanesOfTest(): { readonly transport?: Transport } {
  const transport = asked.getStore()
  return transport === undefined ? {} : { transport }
}

/** A test of what holds with the fast lane and without it: it runs once for each. */
export function testBothLanes(name: string, body: () => Promise<void>): void {
  for (const transport of ['net', 'http'] as const)
    test(`${transport}: ${name}`, async () => await asked.run(transport, body))
}
