import { nearest } from '@serin/spec'
import type { Outcome, Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'
import { worlds } from './worlds.ts'

/** Which seeds to run. */
export interface Seeds {
  readonly from: number
  readonly count: number
}

/** The world of a name; an unknown name is a RangeError that lists the known ones. */
export function worldNamed(name: string): Scenario {
  const found = worlds.find((world) => world.name === name)
  if (found !== undefined) return found
  const names = worlds.map((world) => world.name)
  const near = nearest(name, names)
  throw new RangeError(
    `There is no world "${name}". Known: ${names.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  )
}

/** One rollout per seed in the same world, one after the other. */
export async function campaign(scenario: Scenario, { from, count }: Seeds): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (let seed = from; seed < from + count; seed += 1) outcomes.push(await simulate(scenario, seed))
  return outcomes
}
