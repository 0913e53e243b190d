import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Kinds of traffic that the mixed load makes, all at once. */
export const trafficKinds = ['get', 'post', 'lines', 'events', 'socket', 'session'] as const

/** One kind of traffic: `socket` is a WebSocket that stays open, `session` one that is opened and closed again and again. */
export type TrafficKind = (typeof trafficKinds)[number]

/** What the generator has counted itself. For WebSockets each message counts. */
export interface MixedReport {
  readonly begun: Readonly<Record<TrafficKind, number>>
  /** Whole and right to the last byte. */
  readonly whole: Readonly<Record<TrafficKind, number>>
  /** The first failures, in words. */
  readonly failures: readonly string[]
  readonly failed: number
  readonly byVersion: Readonly<Record<string, number>>
}

/** A running mixed load. */
export interface MixedLoad {
  report(): Promise<MixedReport>
  /** Lets what is under way end; gives the last count. */
  stop(): Promise<MixedReport>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts traffic of these kinds on an address, as a process of its own. */
export async function startMixedLoad(
  address: string,
  kinds: readonly TrafficKind[] = trafficKinds,
): Promise<MixedLoad> {
  const child = fork(fileURLToPath(new URL('mixed-load-process.ts', import.meta.url)), [address, ...kinds])
  const ask = async (command: 'report' | 'stop'): Promise<MixedReport> => {
    const answer = once(child, 'message')
    child.send(command)
    const [report] = (await answer) as [MixedReport]
    return report
  }
  await ask('report')
  return {
    report: () => ask('report'),
    stop: () => ask('stop'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
    },
  }
}
