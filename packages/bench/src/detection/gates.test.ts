import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenBy } from './gates.ts'
import type { HarmlessRow } from './harmless-rows.ts'
import { fails } from './rivals/kayenta.ts'
import type { ScenarioRow } from './scenario-rows.ts'

const row: ScenarioRow = {
  id: 'E4',
  what: '',
  share: 0.05,
  runs: 400,
  bound: 100,
  mean: 149,
  error: 0.4,
  p95: 300,
  k: 1.49,
  sprt: 110,
  sprtRatio: 149 / 110,
  shipped: { mean: 174, error: 0.4, k: 1.74, waited: 0 },
  eachSecond: null,
  exact: null,
  withoutRestarts: null,
  missed: 0,
  gate: { one: 1.5, shipped: 1.75, sprt: 1.4 },
  rivals: [],
}

function harmless(rolledBack: number, promised = true): HarmlessRow {
  return { id: 'N1', what: '', method: 'm', rate: rolledBack / 400, runs: 400, promised }
}

const full = { effort: 1, alpha: 0.01 }

test('each gate that is missed is a sentence, and none that is kept', () => {
  assert.deepEqual(brokenBy([row], [harmless(4)], full), [])
  assert.deepEqual(brokenBy([{ ...row, mean: 151 }], [], full), ['E4: 1.51 × the bound; at most 1.5 is promised.'])
  assert.deepEqual(brokenBy([{ ...row, sprt: 105 }], [], full), [
    'E4: 1.42 × the clairvoyant test; at most 1.4 is promised.',
  ])
  assert.deepEqual(brokenBy([{ ...row, shipped: { mean: 176, error: 0.4, k: 1.76, waited: 0 } }], [], full), [
    'E4: 1.76 × the bound as shipped; at most 1.75 is promised.',
  ])
  assert.deepEqual(brokenBy([{ ...row, shipped: { mean: 176, error: 0.4, k: 1.76, waited: 2.5 } }], [], full), [])
  assert.deepEqual(brokenBy([{ ...row, missed: 0.1 }], [], full), [
    'E4: 10.0 % of the runs were not rolled back within a day.',
  ])
  assert.deepEqual(brokenBy([{ ...row, mean: 900, gate: { one: null, shipped: null, sprt: null } }], [], full), [])
})

test('a mean may miss a gate by two standard errors, and by three with fewer runs', () => {
  const near = { ...row, mean: 155, error: 2 }
  assert.equal(brokenBy([near], [], full).length, 1)
  assert.deepEqual(brokenBy([{ ...near, mean: 153 }], [], full), [])
  assert.deepEqual(brokenBy([near], [], { ...full, effort: 0.5 }), [])
  assert.equal(brokenBy([{ ...near, mean: 157 }], [], { ...full, effort: 0.5 }).length, 1)
})

test('false rollbacks are broken promises only beyond chance, and only ours', () => {
  // With 400 runs and a rate of 1 %, eleven or more happen in 0.3 %, thirteen or more in 0.03 % of cases.
  assert.deepEqual(brokenBy([], [harmless(11)], full), [])
  assert.deepEqual(brokenBy([], [harmless(13)], full), [
    'N1: "m" rolled back 13 of 400 harmless canaries; at most 0.01 of them are promised.',
  ])
  assert.deepEqual(brokenBy([], [harmless(400, false)], full), [])
})

test('the judge stops a canary whose points are all higher, and no equal one', () => {
  const stable = Array.from({ length: 30 }, (_, i) => 0.01 + 0.0001 * (i % 7))
  assert.equal(
    fails(
      stable.map((rate) => 3 * rate),
      stable,
    ),
    true,
  )
  assert.equal(fails(stable.toReversed(), stable), false)
})
