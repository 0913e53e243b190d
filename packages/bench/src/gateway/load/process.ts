import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Drive, Driven } from './drive.ts'
import type { pace, Paced } from './pace.ts'

/** Where the two upstreams listen. */
export interface Upstreams {
  readonly canary: number
  readonly stable: number
}

/** What the process of the load is told. */
export type Told =
  | { readonly port: number; readonly drive: Drive }
  | { readonly port: number; readonly pace: Parameters<typeof pace>[1] }

/** What it says: where its upstreams are, then one answer to each order. */
export type Said = { readonly upstreams: Upstreams } | { readonly result: object } | { readonly failed: string }

/** The load: a process of its own, which holds the upstreams too. */
export interface Load {
  readonly upstreams: Upstreams
  drive(port: number, run: Drive): Promise<Driven>
  pace(port: number, run: Parameters<typeof pace>[1]): Promise<Paced>
  close(): Promise<void>
}

/** Starts the load. */
export async function openLoad(): Promise<Load> {
  const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const heard = async (): Promise<Said> => {
    const over = new AbortController()
    try {
      const [said] = (await Promise.race([
        once(child, 'message', over),
        once(child, 'exit', over).then(([code]) => [{ failed: `it exited with ${String(code)}` }]),
      ])) as [Said]
      if ('failed' in said) throw new Error(`The load failed: ${said.failed}`)
      return said
    } finally {
      over.abort()
    }
  }
  const order = async (told: Told): Promise<object> => {
    const said = heard()
    child.send(told)
    const answer = await said
    return 'result' in answer ? answer.result : {}
  }
  const first = await heard()
  if (!('upstreams' in first)) throw new Error('The load does not say where its upstreams are.')
  return {
    upstreams: first.upstreams,
    drive: async (port, run) => (await order({ port, drive: run })) as Driven,
    pace: async (port, run) => (await order({ port, pace: run })) as Paced,
    close: async () => {
      const over = once(child, 'exit')
      child.disconnect()
      await over
    },
  }
}
