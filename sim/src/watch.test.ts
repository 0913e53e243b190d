import type { RoutingTable } from '@serin/core'
import type { RolloutDocument } from '@serin/engine'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { worldNamed } from './campaign.ts'
import type { Mishap, Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'

/** A saboteur behind the engine's back: what he does must be seen. */
async function violationsOf(mishaps: readonly Mishap[]): Promise<readonly string[]> {
  const world: Scenario = { ...worldNamed('same'), mishaps: () => mishaps }
  return (await simulate(world, 1)).violations
}

const sabotage = (atMs: number, act: Mishap['act']): Mishap => ({ atMs, what: 'sabotage', act })

function withShare(table: RoutingTable | null, canaryBp: number): RoutingTable {
  assert.ok(table?.canary != null, 'there is a canary by now')
  const arms = table.arms.map((arm) => ({
    ...arm,
    weightBp: arm.version === table.canary ? canaryBp : 10_000 - canaryBp,
  }))
  return { ...table, revision: table.revision + 1, arms }
}

test('the watcher is silent when nobody meddles', async () => {
  assert.deepEqual(await violationsOf([]), [])
})

test('more traffic than the step asks for is seen', async () => {
  const violations = await violationsOf([
    sabotage(12_000, ({ dataPlane }) => {
      void dataPlane.port().apply(withShare(dataPlane.table, 9_000), new AbortController().signal)
    }),
  ])
  assert.match(violations.join('\n'), /canary was given 9000 bp; the step asked for less/)
})

test('a step that is passed without its evidence is seen', async () => {
  const violations = await violationsOf([
    sabotage(5_500, ({ controlPlane }) => {
      const [row] = controlPlane.store.list('rollout/')
      const rollout = row?.value as RolloutDocument
      assert.equal(rollout.state.phase, 'watching')
      const state = { ...rollout.state, step: 1 }
      const commit = { at: 0, documents: [{ key: row?.key ?? '', value: { ...rollout, state } }] }
      for (const listener of controlPlane.onCommit) listener(commit, [])
    }),
  ])
  assert.match(
    violations.join('\n'),
    /step 1 was passed after \d{4} ms with traffic at its share, and asks for 10000 ms/,
  )
})

test('a command that was acknowledged and is in no journal is seen', async () => {
  const violations = await violationsOf([
    sabotage(12_000, ({ controlPlane, command }) => {
      const engine = controlPlane.engine as unknown as Record<string, unknown>
      engine['command'] = () => ({})
      command('pause')
      delete engine['command']
    }),
  ])
  assert.match(violations.join('\n'), /an acknowledged command is not in the journal: pause number 1/)
})
