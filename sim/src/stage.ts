import type { Observation } from '@serin/spec'
import { ControlPlane } from './control-plane.ts'
import { DataPlane } from './data-plane.ts'
import { Fleet } from './fleet.ts'
import { GateKeeper } from './gate-keeper.ts'
import type { Scenario, Stage, StageCommand } from './scenario.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

/** The one service of every world. */
export const service = 'shop'

/** The hand of whoever builds the world, in the journal. */
export const builder = { by: 'operator', why: 'simulated' }

/** When every world begins, ms since the epoch. */
export const beginMs = Date.UTC(2026, 0, 1)

/** A stage with nobody on it yet, and the reasons of the commands that were acknowledged on it. */
export interface SetStage extends Stage {
  readonly acknowledged: readonly string[]
}

/** Sets up the world of a scenario: its clock stands at the beginning, nothing runs. */
export function setStage(scenario: Scenario, seed: number): SetStage {
  const clock = createVirtualClock(beginMs)
  const fleet = new Fleet(clock, scenario.upbringing)
  const label = (observations: readonly Observation[]): void => {
    attempt(() => controlPlane.engine?.observe(observations))
  }
  const behaviours = { v1: scenario.stable, v2: scenario.canary, v3: scenario.stable }
  const dataPlane = new DataPlane({ seed, clock, fleet, surroundings: scenario.surroundings, behaviours, label })
  const gateKeeper = new GateKeeper(clock, scenario.gates ?? {})
  const controlPlane: ControlPlane = new ControlPlane({ clock, dataPlane, fleet, gateKeeper })
  const acknowledged: string[] = []
  const command = (type: StageCommand): void => {
    const why = `${type} number ${acknowledged.length + 1} at ${clock.steadyMs()}`
    if (attempt(() => obey(controlPlane, type, why)) !== undefined) acknowledged.push(why)
  }
  return { clock, fleet, dataPlane, controlPlane, gateKeeper, command, acknowledged }
}

/** The release file of a scenario, as text. */
export function releaseFile({ surroundings, file }: Scenario): string {
  const shop = {
    listen: 0,
    unit: surroundings.population === null ? [] : [{ header: 'x-user' }],
    workload: { kind: 'process', command: ['serve'], replicas: 2 },
    versions: { v1: {}, v2: {}, v3: {} },
    stable: 'v1',
    ...file,
  }
  return JSON.stringify({ serin: 'v1', services: { [service]: shop } })
}

/** Moves the clock until it is done. */
export async function until(clock: VirtualClock, done: () => boolean): Promise<void> {
  while (!done()) if (!(await clock.step())) throw new Error('Nobody in this world waits for anything any more.')
}

/** Moves the clock until the promise is settled, or nobody needs the clock for it any more. */
export async function passed<Result>(clock: VirtualClock, promise: Promise<Result>): Promise<Result> {
  const state = { settled: false }
  const watched = promise.finally(() => {
    state.settled = true
  })
  watched.catch(() => undefined)
  while (!state.settled && (await clock.step()));
  return watched
}

function obey({ engine }: ControlPlane, type: StageCommand, why: string): unknown {
  const asker = { by: 'operator', why }
  switch (type) {
    case 'release-v3':
      return engine?.release(service, { to: 'v3' }, asker)
    case 'queue-v3':
      return engine?.release(service, { to: 'v3', onActive: 'queue' }, asker)
    case 'hotfix-v3':
      return engine?.release(service, { to: 'v3', hotfix: true }, asker)
    case 'undo':
      return engine?.undo(service, undefined, asker)
    case 'promote':
    case 'promote-full':
      return engine?.command(service, { type: 'promote', ...asker, full: type === 'promote-full', seenStep: null })
    case 'jump-first':
      return engine?.command(service, { type: 'jump', ...asker, to: 0, seenStep: null })
    case 'jump-last': {
      const last = (engine?.rollout(service).steps.length ?? 0) - 1
      return engine?.command(service, { type: 'jump', ...asker, to: last, seenStep: null })
    }
    case 'approve-ann':
    case 'approve-bob':
      return engine?.command(service, { type: 'approve', by: type.slice('approve-'.length), why })
    case 'pause':
    case 'resume':
    case 'abort':
    case 'retry':
      return engine?.command(service, { type, ...asker })
  }
}

/** The result, or undefined when it was refused or nobody was there. */
function attempt<Result>(act: () => Result): Result | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
