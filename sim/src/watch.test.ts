import type { RoutingTable } from '@serin/core'
import type { RolloutDocument } from '@serin/engine'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { worldNamed } from './campaign.ts'
import type { Mishap, Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'

/** A saboteur behind the engine's back: what he does must be seen. */
async function violationsOf(mishaps: readonly Mishap[], name = 'same'): Promise<readonly string[]> {
  const world: Scenario = { ...worldNamed(name), mishaps: () => mishaps }
  return (await simulate(world, 1)).violations
}

/** Makes the watcher believe that a rollout is written down like this. */
const claimed = (atMs: number, change: (rollout: RolloutDocument) => RolloutDocument): Mishap =>
  sabotage(atMs, ({ controlPlane }) => {
    const [row] = controlPlane.store.list('rollout/')
    const value = change(row?.value as RolloutDocument)
    const commit = { at: 0, documents: [{ key: row?.key ?? '', value }] }
    for (const listener of controlPlane.onCommit) listener(commit, [])
  })

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

test('a table of a control plane that had been replaced is seen', async () => {
  const violations = await violationsOf([
    sabotage(5_500, ({ dataPlane }) => {
      const { table } = dataPlane
      assert.ok(table !== null)
      const late = { ...table, epoch: (table.epoch ?? 0) - 1 }
      for (const listener of dataPlane.onTable) listener(late, table)
    }),
  ])
  assert.equal(violations.length, 1)
  assert.match(violations.join(), /a table of a control plane that had been replaced was obeyed/)
})

test('a step that is passed without its evidence is seen', async () => {
  const violations = await violationsOf([
    claimed(5_500, (rollout) => {
      assert.equal(rollout.state.phase, 'watching')
      return { ...rollout, state: { ...rollout.state, step: 1 } }
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

test('a switch that is ahead of its schedule is seen', async () => {
  const violations = await violationsOf(
    [
      sabotage(20_500, ({ dataPlane }) => {
        void dataPlane.port().apply(withShare(dataPlane.table, 4_000), new AbortController().signal)
      }),
    ],
    'switch-same',
  )
  assert.match(violations.join('\n'), /canary was given 4000 bp; the step asked for less \(\d{4} bp\)/)
})

test('a gate that passed though nobody said so is seen, and traffic before it', async () => {
  const passedGate = sabotage(8_000, ({ controlPlane }) => {
    const [row] = controlPlane.store.list('rollout/')
    assert.ok(row !== undefined)
    const { id, state, plan } = row.value as RolloutDocument
    assert.ok(state.phase === 'watching' && plan.steps[state.step]?.gates?.[0]?.kind === 'approval')
    const data = { gate: 'approval', outcome: 'passed', why: '' }
    const entry = {
      kind: 'rollout.gate',
      stream: `rollout/${id}`,
      actor: 'serin',
      data,
      seq: 0,
      at: 0,
      hash: '',
      prev: '',
    }
    const next = { ...state, step: state.step + 1 }
    const commit = { at: 0, documents: [{ key: row.key, value: { ...(row.value as object), state: next } }] }
    for (const listener of controlPlane.onCommit) listener(commit, [entry])
  })
  const violations = await violationsOf([passedGate], 'one-person')
  assert.match(violations.join('\n'), /approval passed, and nobody said so/)
  const forward = claimed(8_000, (rollout) => ({
    ...rollout,
    state: { ...rollout.state, phase: 'watching', step: 1, evidenceMs: 0 },
  }))
  assert.match((await violationsOf([forward], 'one-person')).join('\n'), /approval was not waited for/)
})

test('copies that are too many, and too few for their traffic, are seen', async () => {
  const many = await violationsOf(
    [
      sabotage(5_000, ({ fleet }) => {
        const real = { ...fleet.workload }
        const twice = (version: string) => {
          const seen = real.observe(version)
          return { ...seen, replicas: [...seen.replicas, ...seen.replicas] }
        }
        Object.assign(fleet.workload, { observe: twice })
      }),
    ],
    'rolling-same',
  )
  assert.match(many.join('\n'), /\d+ copies run; 5 may at most/)
  const few = await violationsOf(
    [
      sabotage(1_500, ({ dataPlane }) => {
        const { table } = dataPlane
        assert.ok(table !== null)
        const arms = table.arms.map((arm) => ({ ...arm, endpoints: arm.endpoints.slice(0, 1) }))
        void dataPlane.port().apply({ ...table, arms, revision: table.revision + 1 }, new AbortController().signal)
      }),
    ],
    'rolling-same',
  )
  assert.match(few.join('\n'), /v1 has too few copies for its traffic/)
})

test('a step that is left in a freeze is seen', async () => {
  const violations = await violationsOf(
    [
      claimed(60_000, (rollout) => ({
        ...rollout,
        state: { ...rollout.state, phase: 'watching', step: 3, evidenceMs: 0 },
      })),
    ],
    'rolling-frozen',
  )
  assert.match(violations.join('\n'), /step \d was left in a freeze/)
})

test('a version that nobody wants and that runs on is seen', async () => {
  const violations = await violationsOf([
    sabotage(12_000, ({ fleet }) => {
      const real = { ...fleet.workload }
      Object.assign(fleet.workload, { versions: () => [...real.versions(), 'v9'] })
    }),
  ])
  assert.match(violations.join('\n'), /v9 still runs, and nobody wants it/)
})
