/** Plays releases in a thread of its own, and tells once a second what they show so far. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import {
  play,
  policyOf,
  summaryOf,
  withErrors,
  withRate,
  worldNamed,
  worldOf,
  type Run,
  type World,
} from '@serin/simulate'
import { parseWorldFile, type Service, type Simulation, type SimulationAsked } from '@serin/spec'

/** What a thread is started with. */
export interface Work {
  readonly service: string
  readonly spec: Service
  readonly asked: SimulationAsked
}

/** What it tells: releases played in all worlds, and what is known of each world that was begun. */
export interface Told {
  readonly done: number
  readonly simulations: readonly Simulation[]
  readonly over: boolean
}

const everyMs = 1_000

const { service, spec, asked } = workerData as Work
// Rollouts go first. On Linux this is the thread's own; elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(10)
const policy = policyOf(service, spec, asked.to)
const worlds = worldsOf(asked)
const simulations: Simulation[] = []
let [done, toldAt] = [0, performance.now() - everyMs]
for (const [i, world] of worlds.entries()) {
  const runs: Run[] = []
  while (runs.length < asked.seeds) {
    runs.push(play(policy, world, asked.seed + runs.length, asked.hours * 3_600_000))
    done += 1
    const isLast = runs.length === asked.seeds
    if (!isLast && performance.now() - toldAt < everyMs) continue
    const { runs: _each, ...shown } = summaryOf(policy, world, runs, { asked: asked.seeds, hours: asked.hours })
    simulations[i] = shown
    tell({ done, simulations, over: isLast && i === worlds.length - 1 })
    toldAt = performance.now()
  }
}

function tell(told: Told): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(told)
}

function worldsOf({ worlds: names, worldFile, requestsPerSecond, errorPercent }: SimulationAsked): readonly World[] {
  const named = names.flatMap((name) => worldNamed(name, requestsPerSecond) ?? [])
  const own = worldFile === undefined ? [] : [worldOf(parseWorldFile(worldFile, 'world file'), 'world file')]
  const rated = requestsPerSecond === undefined ? own : own.map((world) => withRate(world, requestsPerSecond))
  const all = [...named, ...rated]
  return errorPercent === undefined ? all : all.map((world) => withErrors(world, errorPercent / 100))
}
