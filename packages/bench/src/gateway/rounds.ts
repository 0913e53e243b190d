import type { BenchRequest } from '../bench.ts'
import type { Drive } from './load/drive.ts'
import type { Load } from './load/process.ts'
import type { Party } from './parties/party.ts'
import { cpuUsOf } from './process-cost.ts'

/** How much is measured. */
export interface Measure {
  readonly rounds: number
  readonly roundMs: number
  /** How long each is driven before anything counts: until its code is compiled. */
  readonly warmMs: number
  readonly connections: number
  /** The rate of the rounds in which latency is measured, and over how many connections. */
  readonly perSecond: number
  readonly pacedConnections: number
}

/** One turn of a proxy under as many requests as it can take. */
export interface FullRound {
  readonly rps: number
  readonly cpuUsPerRequest: number
  /** How much of one core it had. */
  readonly busy: number
  readonly errors: number
}

/** One turn of a proxy at a fixed rate. */
export interface PacedRound {
  /** Beyond what the same requests took in the same round without a proxy. */
  readonly addedP50Us: number
  readonly addedP99Us: number
  readonly errors: number
}

/** What was seen of each party, in their order. */
export interface Seen {
  readonly full: readonly (readonly FullRound[])[]
  readonly paced: readonly (readonly PacedRound[])[]
}

/** They take turns (A B C … C B A), so that a machine that is busy for a while slows all of them. */
export async function inTurns<One>(
  round: number,
  all: readonly One[],
  turn: (one: One, i: number) => Promise<void>,
): Promise<void> {
  const order = [...all.entries()]
  for (const [i, one] of round % 2 === 0 ? order : order.reverse()) await turn(one, i)
}

/** Measures all of them: each driven as fast as it will go, then at a fixed rate. */
export async function takeTurns(
  load: Load,
  parties: readonly Party[],
  measure: Measure & Pick<BenchRequest, 'progress'>,
): Promise<Seen> {
  const { rounds, progress } = measure
  const [full, paced] = [parties.map((): FullRound[] => []), parties.map((): PacedRound[] => [])]
  const steps = (1 + 2 * rounds) * parties.length
  let step = 0
  const each = async (round: number, turn: (party: Party, i: number) => Promise<void>): Promise<void> => {
    await inTurns(round, parties, async (party, i) => {
      progress(party.name, step / steps)
      await turn(party, i)
      step += 1
    })
  }
  const warm = { connections: measure.connections, ms: measure.warmMs }
  const run = { connections: measure.connections, ms: measure.roundMs }
  await each(0, async (party) => void (await load.drive(party.port, warm)))
  for (let round = 0; round < rounds; round += 1) {
    await each(round, async (party, i) => void full[i]?.push(await fullRound(load, party, run)))
  }
  for (let round = 0; round < rounds; round += 1) {
    const pace = { connections: measure.pacedConnections, ms: measure.roundMs, perSecond: measure.perSecond }
    const direct = await load.pace(load.upstreams.stable, pace)
    await each(round, async (party, i) => {
      const { p50Us, p99Us, errors } = await load.pace(party.port, pace)
      paced[i]?.push({ addedP50Us: p50Us - direct.p50Us, addedP99Us: p99Us - direct.p99Us, errors })
    })
  }
  return { full, paced }
}

/** Drives a proxy as fast as it will go, once. */
export async function fullRound(load: Load, party: Party, run: Drive): Promise<FullRound> {
  const beforeUs = await cpuUsOf(party.pid)
  const { answers, ms, errors } = await load.drive(party.port, run)
  const usedUs = (await cpuUsOf(party.pid)) - beforeUs
  return {
    rps: (answers / ms) * 1_000,
    cpuUsPerRequest: answers === 0 ? Number.NaN : usedUs / answers,
    busy: usedUs / (1_000 * ms),
    errors,
  }
}
