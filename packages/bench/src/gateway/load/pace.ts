import { Client } from './client.ts'
import { lost } from './drive.ts'
import { users } from './requests.ts'

const patienceMs = 10_000

/** What a run at a fixed rate saw. */
export interface Paced {
  readonly p50Us: number
  readonly p99Us: number
  readonly answers: number
  readonly errors: number
}

/**
 * Sends requests at a fixed rate whatever becomes of them; latency counts from when a request was due, so that a proxy that stalls is charged
 * for those who wait. It spins: a timer of Node would be a millisecond late.
 */
export async function pace(
  port: number,
  { connections, ms, perSecond }: { readonly connections: number; readonly ms: number; readonly perSecond: number },
): Promise<Paced> {
  const latencies: number[] = []
  const due = new Map<Client, number>()
  const free: Client[] = []
  let errors = 0
  const known: (string | undefined)[] = []
  const listener = {
    ready: (client: Client) => free.push(client),
    answered: (client: Client) => {
      latencies.push(performance.now() - (due.get(client) ?? 0))
      free.push(client)
    },
    wrong: (client: Client) => {
      errors += 1
      const at = free.indexOf(client)
      if (at >= 0) free.splice(at, 1)
    },
  }
  const clients = Array.from({ length: connections }, () => new Client(port, known, listener))
  const deadlineMs = performance.now() + patienceMs
  while (free.length < connections && performance.now() < deadlineMs) await turn()
  const startMs = performance.now()
  const count = Math.round((ms * perSecond) / 1_000)
  for (let sent = 0; sent < count && performance.now() < startMs + 3 * ms;) {
    const dueMs = startMs + (sent * 1_000) / perSecond
    const client = performance.now() < dueMs ? undefined : free.pop()
    if (client === undefined) {
      await turn()
      continue
    }
    due.set(client, dueMs)
    client.send((sent * 7) % users)
    sent += 1
  }
  errors += await lost(clients)
  for (const client of clients) client.close()
  latencies.sort((a, b) => a - b)
  const us = (part: number): number => 1_000 * (latencies[Math.floor(part * latencies.length)] ?? Number.NaN)
  return { p50Us: us(0.5), p99Us: us(0.99), answers: latencies.length, errors }
}

/** Lets what has arrived be read. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
