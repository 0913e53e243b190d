import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Rollout } from '@serin/spec'
import type { Actor, Stage } from './stage.ts'

/** What one service promises, how it shows it, and which failures its versions make by themselves. */
export type Scene = readonly [
  promise: string,
  play: (actor: Actor) => Promise<void>,
  own?: (failure: string) => boolean,
]

/** Plays all scenes at the same time, each on its own service. At the end of each, not one request of its users may have failed but by a version's own doing. */
export async function playScenes(t: TestContext, stage: Stage, scenes: Readonly<Record<string, Scene>>): Promise<void> {
  await Promise.all(
    Object.entries(scenes).map(([name, [promise, play, own]]) =>
      t.test(`${name}: ${promise}`, { timeout: 500_000 }, async () => {
        const actor = stage.actor(name)
        await play(actor)
        const counted = await actor.load.stop()
        const foreign = own === undefined ? counted.failures : counted.failures.filter((failure) => !own(failure))
        assert.deepEqual(foreign, [])
        if (own === undefined) assert.equal(counted.answered, counted.sent)
      }),
    ),
  )
}

/** What commands give as their reason. */
export const why = 'as the scenario says'

/** A rollout that is in this phase. */
export const over = (phase: Rollout['phase']) => (rollout: Rollout) => rollout.phase === phase

/** A rollout that is watched on this step, with its share in force. */
export const onStep = (step: number) => (rollout: Rollout) =>
  rollout.phase === 'watching' && rollout.step === step && rollout.inForceBp === rollout.steps[step]?.weightBp

/** How many answers users have had from a version. */
export async function seen({ load }: Actor, version: string): Promise<number> {
  return (await load.report()).byVersion[version] ?? 0
}
