import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Rollout } from '@serin/spec'
import type { Actor, Stage } from './stage.ts'

/** What one service promises, and how it shows it. */
export type Scene = readonly [promise: string, play: (actor: Actor) => Promise<void>]

/** Plays all scenes at the same time, each on its own service. At the end of each, not one request of its users may have failed. */
export async function playScenes(t: TestContext, stage: Stage, scenes: Readonly<Record<string, Scene>>): Promise<void> {
  await Promise.all(
    Object.entries(scenes).map(([name, [promise, play]]) =>
      t.test(`${name}: ${promise}`, { timeout: 500_000 }, async () => {
        const actor = stage.actor(name)
        await play(actor)
        const counted = await actor.load.stop()
        assert.deepEqual(counted.failures, [])
        assert.equal(counted.answered, counted.sent)
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
