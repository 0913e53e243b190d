import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Updated } from '../refusal.ts'
import { replayed, someArrivals, wildArrivals } from '../testing/arbitraries.ts'
import { addArrivals, estimateRatio, noArrivals, type ArrivalBatch } from './arrivals.ts'
import { createHarm, readHarm, updateHarm } from './harm-mixture.ts'
import { createAboveLimit, createBelowLimit, readLimit, updateLimit } from './limit.ts'
import { createNonInferiority, readNonInferiority, updateNonInferiority } from './non-inferiority.ts'
import { createRatio, readRatio, readRatioNonInferiority, updateRatio } from './ratio-interval.ts'

/** Every test on arrivals behind one face: what it starts with, how a batch goes in, and the numbers that come out. */
interface Face {
  readonly name: string
  readonly start: unknown
  readonly update: (state: never, batch: ArrivalBatch) => Updated<unknown>
  readonly read: (state: never) => readonly (number | null)[]
}

const trialsOf = (batch: ArrivalBatch) => ({ trials: batch.canary + batch.stable, events: batch.canary })

function face<State>(
  name: string,
  start: State,
  update: (state: State, batch: ArrivalBatch) => Updated<State>,
  read: (state: State) => readonly (number | null)[],
): Face {
  return { name, start, update, read }
}

const faces: readonly Face[] = [
  face('harm', createHarm({ restarts: null }), updateHarm, (state) => [readHarm(state).logE]),
  face('harm with restarts', createHarm(), updateHarm, (state) => [readHarm(state).logE, readHarm(state).peakLogE]),
  face('harm on the exponential grid', createHarm({ grid: 'exponential-64' }), updateHarm, (state) => [
    readHarm(state).logE,
  ]),
  face('non-inferiority', createNonInferiority({ margin: 0.25 }), updateNonInferiority, (state) => [
    readNonInferiority(state).logE,
  ]),
  face('ratio', createRatio(), updateRatio, (state) => {
    const interval = readRatio(state, { alpha: 0.05 })
    const bounds = interval.ok ? [interval.low, interval.high] : []
    return [readRatioNonInferiority(state, { margin: 0.25 }), readRatioNonInferiority(state, { margin: 10 }), ...bounds]
  }),
  face(
    'below a limit',
    createBelowLimit({ limit: 0.02 }),
    (state, batch) => updateLimit(state, { ...trialsOf(batch) }),
    (state) => [readLimit(state).logE],
  ),
  face(
    'above a limit',
    createAboveLimit({ limit: 0.02, restarts: null }),
    (state, batch) => updateLimit(state, { ...trialsOf(batch) }),
    (state) => [readLimit(state).logE],
  ),
]

function fold({ start, update }: Face, batches: readonly ArrivalBatch[]): unknown {
  let state: unknown = start
  for (const batch of batches) {
    const updated = update(state as never, batch)
    if (updated.ok) state = updated.state
  }
  return state
}

for (const each of faces) {
  test(`${each.name}: whatever comes in, it is counted or refused, and every number stays finite and survives JSON`, () => {
    fc.assert(
      fc.property(fc.array(wildArrivals, { maxLength: 12 }), (batches) => {
        let state: unknown = each.start
        for (const batch of batches) {
          const updated = each.update(state as never, batch)
          if (!updated.ok) {
            assert.equal(updated.reason, 'invalid')
            assert.ok(updated.message.endsWith('.'))
            continue
          }
          state = updated.state
          for (const value of each.read(state as never))
            assert.ok(value === null || Number.isFinite(value), `${String(value)} after ${JSON.stringify(batch)}`)
        }
        assert.deepEqual(replayed(state), state)
      }),
    )
  })
}

for (const each of faces.filter(({ name }) => name !== 'harm with restarts')) {
  test(`${each.name}: shards add up, and order within a second does not matter`, () => {
    fc.assert(
      fc.property(fc.array(someArrivals, { maxLength: 12 }), fc.constantFrom(0.01, 0.1, 0.5), (parts, share) => {
        const batches = parts.map((part) => ({ ...part, share, durationMs: 0 }))
        const whole = {
          share,
          durationMs: 0,
          canary: parts.reduce((sum, part) => sum + part.canary, 0),
          stable: parts.reduce((sum, part) => sum + part.stable, 0),
        }
        const values = [[whole], batches, batches.toReversed()].map((all) => each.read(fold(each, all) as never))
        for (const [i, wanted] of (values[0] ?? []).entries()) {
          for (const other of values.slice(1)) {
            const got = other[i]
            assert.ok(got === wanted || Math.abs((got ?? NaN) - (wanted ?? NaN)) <= 1e-9 * (1 + Math.abs(wanted ?? 0)))
          }
        }
      }),
    )
  })
}

test('a batch that cannot be true is refused with a sentence', () => {
  const wrong: ArrivalBatch[] = [
    { share: 0.5, canary: -1, stable: 0 },
    { share: 0.5, canary: Number.NaN, stable: 0 },
    { share: 0.5, canary: 0, stable: Infinity },
    { share: 1.2, canary: 0, stable: 0 },
    { share: Number.NaN, canary: 0, stable: 0 },
    { share: 0, canary: 1, stable: 0 },
    { share: 1, canary: 0, stable: 1 },
    { share: 0.5, canary: 0, stable: 0, durationMs: -1 },
  ]
  for (const batch of wrong) {
    for (const refusal of [updateHarm(createHarm(), batch), updateRatio(createRatio(), batch)].slice(
      0,
      batch.durationMs === -1 ? 1 : 2,
    )) {
      assert.equal(refusal.ok, false, JSON.stringify(batch))
      assert.ok(!refusal.ok && refusal.reason === 'invalid')
    }
  }
  assert.equal(updateLimit(createBelowLimit({ limit: 0.1 }), { trials: 1, events: 2 }).ok, false)
})

test('options without a meaning are errors of the programmer', () => {
  assert.throws(() => createHarm({ harmFrom: 0 }), RangeError)
  assert.throws(() => createHarm({ restarts: { fraction: 1 } }), RangeError)
  assert.throws(() => createHarm({ restarts: { fraction: 0.5, scaleMs: 0 } }), RangeError)
  assert.throws(() => createNonInferiority({ margin: 0 }), RangeError)
  assert.throws(() => createBelowLimit({ limit: 1 }), RangeError)
  assert.throws(() => createAboveLimit({ limit: 0 }), RangeError)
  assert.throws(() => readRatio(createRatio(), { alpha: 1 }), RangeError)
  assert.throws(() => readRatioNonInferiority(createRatio(), { margin: 0 }), RangeError)
})

test('the estimated ratio is that of the rates, whatever the shares were', () => {
  // Rates 2 : 1 at shares of 10 % and 50 %: 20 and 90 events, then 100 and 50.
  const first = addArrivals(noArrivals(), { share: 0.1, canary: 20, stable: 90 })
  const both = addArrivals(first, { share: 0.5, canary: 100, stable: 50 })
  assert.equal(estimateRatio(first), 2)
  assert.equal(estimateRatio(both), 2)
  assert.equal(estimateRatio(noArrivals()), null)
})
