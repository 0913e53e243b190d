import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detection } from './detection.ts'
import type { Measure } from './runs.ts'
import type { ScenarioRow } from './scenario-rows.ts'
import { tasks } from './tasks.ts'

interface Scenario {
  readonly id: string
  readonly bound: number
  readonly mean: number
  readonly p95: number
  readonly k: number
  readonly sprtRatio: number
  readonly shipped: number | null
  readonly rivals: readonly { readonly method: string; readonly mean: number | null }[]
}

interface Report {
  readonly alpha: number
  readonly scenarios: readonly Scenario[]
  readonly falseRollback: readonly {
    readonly id: string
    readonly method: string
    readonly rate: number
    readonly runs: number
    readonly promised: boolean
  }[]
}

function performed(id: string, measure: Measure): ScenarioRow | undefined {
  return tasks.find(({ name }) => name === id)?.perform(measure).scenarios[0]
}

const expected = {
  scenarios:
    'E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E11 E15 E17 L1 L2 L3 L4 L4b L5 L6 L7 L8 L9 L2a L4a late-1.5 late-2 late-5 U1 U2 U3',
  harmless: 'N1 N2 N3 N4 N5 N6 N7 N9 N10 N8 N-coins N-latency N-faster N-set',
} as const

test('a short run has every scenario and every harmless world, near what the full one gives, whoever plays it', async () => {
  const seen: number[] = []
  const request = { effort: 0.005, progress: (_: string, done: number) => seen.push(done) }
  const first = await detection.run(request)
  const { alpha, scenarios, falseRollback } = first.json as Report
  assert.equal(alpha, 0.01)
  assert.equal(scenarios.map(({ id }) => id).join(' '), expected.scenarios)
  assert.equal([...new Set(falseRollback.map(({ id }) => id))].join(' '), expected.harmless)

  for (const { id, bound, mean, p95, k, sprtRatio } of scenarios) {
    for (const value of [bound, mean, p95, k, sprtRatio]) assert.ok(Number.isFinite(value) && value > 0, id)
    assert.ok(Math.abs(k - mean / bound) < 1e-3 * k, id)
  }
  for (const { id, k, shipped, rivals } of scenarios.filter((each) => each.id.startsWith('E'))) {
    // Four runs: the gates are 1.5 to 1.8 with four hundred.
    assert.ok(k > 0.3 && k < 4, `${id}: ${k}`)
    assert.ok(shipped !== null && shipped < 6, id)
    assert.equal(rivals.length, 11)
  }
  for (const { id, method, rate, runs, promised } of falseRollback) {
    assert.ok(runs >= 4 && rate >= 0 && rate <= 1)
    if (promised) assert.equal(rate, 0, `${id} ${method}`)
  }
  // A threshold on rates rolls back what is harmless, and so do tides under a growing share: else the worlds are not what they say.
  const rateOf = (id: string, start: string) =>
    falseRollback.find((row) => row.id === id && row.method.startsWith(start))?.rate
  assert.equal(rateOf('N1', 'Argo: success >= 99 %'), 1)
  assert.equal(rateOf('N3', 'mSPRT'), 1)
  assert.equal(rateOf('N2', 'Argo: success >= 99 %'), 0)

  assert.ok(seen.every((done, i) => done > (seen[i - 1] ?? 0) && done <= 1))
  assert.equal(seen.at(-1), 1)
  // The same seeds give the same numbers on this thread.
  for (const id of ['E4', 'L2', 'late-5', 'U3']) {
    const own = performed(id, { effort: request.effort, alpha })
    const row = scenarios.find((each) => each.id === id)
    assert.ok(own && row)
    assert.equal(row.mean, Number(own.mean.toPrecision(7)))
    assert.equal(row.p95, own.p95)
  }
})
