import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from './client.ts'
import { users } from './requests.ts'

const lastAnswerMs = 5_000
const patienceMs = 10_000

/** What a run of the load saw. */
export interface Driven {
  readonly answers: number
  readonly ms: number
  /** Anything but the expected answer, and answers that never came. */
  readonly errors: number
}

/** How it is driven. */
export interface Drive {
  readonly connections: number
  readonly ms: number
  /** The length of the answers that are asked for. */
  readonly bytes?: number | undefined
}

/** Sends requests over so many connections, the next when the answer to the last is there, for so long; longer when nothing has come of it yet. */
export async function drive(port: number, { connections, ms, bytes }: Drive): Promise<Driven> {
  const counts = { answers: 0, errors: 0, over: false }
  const known: (string | undefined)[] = []
  let user = 0
  const next = (client: Client): void => {
    if (counts.over) return
    user = (user + 7) % users
    client.send(user)
  }
  const start = performance.now()
  const listener = {
    ready: next,
    answered: (client: Client) => {
      if (!counts.over) counts.answers += 1
      next(client)
    },
    wrong: () => (counts.errors += 1),
  }
  const clients = Array.from({ length: connections }, () => new Client(port, known, listener, bytes))
  await sleep(ms)
  while (counts.answers + counts.errors < connections && performance.now() < start + ms + patienceMs) await sleep(5)
  counts.over = true
  const tookMs = performance.now() - start
  const errors = counts.errors + (await lost(clients))
  for (const client of clients) client.close()
  return { answers: counts.answers, ms: tookMs, errors }
}

/** Waits for the answers under way; how many never come. */
export async function lost(clients: readonly Client[], waitMs = lastAnswerMs): Promise<number> {
  const deadlineMs = performance.now() + waitMs
  while (clients.some(({ busy }) => busy) && performance.now() < deadlineMs) await sleep(5)
  return clients.filter(({ busy }) => busy).length
}
