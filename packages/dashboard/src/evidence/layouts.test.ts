import type { Rollout } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layoutBand, type BandPoint } from './band-layout.ts'
import { layoutPlan } from './plan-layout.ts'
import { layoutEnds, layoutShares } from './simulation-layout.ts'
import { heightOf, layoutStairs } from './stairs-layout.ts'
import { layoutStrip, niceTop } from './strip-layout.ts'

const frame = { width: 600, height: 150 }
const value = fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { nil: null })
const point = fc
  .record({ gap: fc.nat(10_000), value, low: value, high: value, step: fc.option(fc.nat(5), { nil: null }) })
  .map(({ low, high, ...rest }) =>
    low !== null && high !== null && low > high ? { ...rest, low: high, high: low } : { ...rest, low, high },
  )
const trail = fc.array(point, { maxLength: 60 }).map((points) => {
  let at = 1_000
  return points.map(({ gap, ...rest }): BandPoint => ({ ...rest, at: (at += gap + 1) }))
})
const numbersOf = (path: string) => (path.match(/-?[\d.]+(?:e[+-]?\d+)?/g) ?? []).map(Number)

test('whatever is known, a band is drawn inside its frame, with every number a number', () => {
  fc.assert(
    fc.property(trail, value, fc.constantFrom(0, 1), (points, limit, same) => {
      const layout = layoutBand(points, { ...frame, same, limit })
      for (const path of [layout.band, layout.line]) {
        assert.doesNotMatch(path, /NaN|Infinity|null|undefined/)
        const numbers = numbersOf(path)
        for (const [i, number] of numbers.entries())
          assert.ok(number >= 0 && number <= (i % 2 === 0 ? frame.width : frame.height), `${number} in ${path}`)
      }
      assert.ok(layout.to > layout.from)
      assert.ok(layout.sameY >= 0 && layout.sameY <= frame.height)
      assert.ok(limit === null ? layout.limitY === null : layout.limitY !== null)
    }),
  )
})

test('time goes to the right, and up is more', () => {
  fc.assert(
    fc.property(trail, (points) => {
      const { places } = layoutBand(points, { ...frame, same: 0, limit: null })
      for (const [i, place] of places.entries()) assert.ok(place.x >= (places[i - 1]?.x ?? 0))
      const known = places.filter(({ y }) => y !== null)
      for (const one of known)
        for (const other of known)
          if ((one.point.value ?? 0) > (other.point.value ?? 0)) assert.ok((one.y ?? 0) <= (other.y ?? 0))
    }),
    { numRuns: 50 },
  )
})

test('the interval of now stands in the frame with both lines, however wide the first ones were', () => {
  const points = [
    { at: 0, value: 0, low: -5_000, high: 5_000, step: 0 },
    { at: 10, value: 0.1, low: -0.4, high: 0.6, step: 0 },
  ]
  const { from, to, sameY, limitY } = layoutBand(points, { ...frame, same: 0, limit: 1 })
  assert.ok(from < -0.4 && from > -2 && to > 1 && to < 3)
  assert.ok(sameY > (limitY ?? 0))
})

const steps = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 30 })
const phase = fc.constantFrom<Rollout['phase']>(
  'preparing',
  'watching',
  'holding',
  'promoting',
  'rolling-back',
  'promoted',
  'rolled-back',
)

function rolloutOf(weights: readonly number[], at: number | null, now: Rollout['phase']) {
  const plan = weights.map((weightBp) => ({ weightBp, holdMs: 0, pause: false }))
  return { steps: plan, phase: now, step: at, judgement: null, firstTrafficAt: null, inForceBp: null }
}

test('a stair fills its width without gaps, ends with all traffic, and has at most one step that is now', () => {
  fc.assert(
    fc.property(steps, fc.nat(30), phase, (weights, at, now) => {
      const step = now === 'watching' || now === 'holding' ? at % weights.length : null
      const stairs = layoutStairs(rolloutOf(weights, step, now), () => null)
      assert.equal(stairs.at(-1)?.weightBp, 10_000)
      assert.equal(stairs[0]?.left, 0)
      assert.equal(stairs.at(-1)?.right, 1)
      for (const [i, stair] of stairs.entries()) {
        assert.ok(stair.height >= 0 && stair.height <= 1 && stair.right > stair.left)
        if (i > 0) assert.equal(stair.left, stairs[i - 1]?.right)
      }
      const states = stairs.map(({ state }) => state)
      assert.ok(states.filter((state) => state === 'now').length <= 1)
      if (step !== null) assert.equal(states.indexOf('now'), step)
      assert.ok(states.lastIndexOf('done') <= (states.includes('ahead') ? states.indexOf('ahead') : stairs.length))
    }),
  )
})

test('one percent can be seen beside a hundred, and more is higher', () => {
  assert.ok(heightOf(1) >= 0.1)
  assert.deepEqual([heightOf(-5), heightOf(0), heightOf(100), heightOf(400)], [0, 0, 1, 1])
  assert.ok(heightOf(26) > heightOf(25))
})

test('a strip shows what is young enough, inside its frame, under a round top', () => {
  const rate = fc.double({ noNaN: true, min: 0, max: 1e6 })
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(300_000), stable: rate, canary: rate })), (points) => {
      const sorted = [...points].sort((a, b) => a.at - b.at)
      const { stable, canary, top } = layoutStrip(sorted, { width: 100, height: 10, until: 300_000, spanMs: 120_000 })
      for (const [i, number] of [...numbersOf(stable), ...numbersOf(canary)].entries())
        assert.ok(number >= 0 && number <= (i % 2 === 0 ? 100 : 10))
      assert.ok([1, 2, 5].includes(Number(String(top)[0])))
    }),
  )
  assert.deepEqual([0, 1, 1.5, 37, 5_001, Number.NaN].map(niceTop), [1, 1, 2, 50, 10_000, 1])
})

test('a forecast is drawn inside its frame, from left to right, up to all traffic', () => {
  const ms = fc.double({ noNaN: true, min: 0, max: 1e9 })
  const step = fc.record({
    weightBp: fc.integer({ min: 0, max: 10_000 }),
    earliestMs: ms,
    likelyMs: fc.option(ms, { nil: null }),
    doubledErrors: fc.record({ foundHere: fc.option(fc.double({ noNaN: true, min: 0, max: 1 }), { nil: null }) }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), ms, (each, earliestMs) => {
      const sorted = [...each].sort((a, b) => (a.likelyMs ?? a.earliestMs) - (b.likelyMs ?? b.earliestMs))
      const promoted = { earliestMs, likelyMs: null, canaryRequests: 0 }
      const steps = sorted as unknown as Parameters<typeof layoutPlan>[0]['steps']
      const { path, steps: placed } = layoutPlan({ steps, promoted }, { width: 1_000, height: 160 })
      assert.doesNotMatch(path, /NaN|Infinity/)
      for (const number of numbersOf(path)) assert.ok(number >= 0 && number <= 1_000)
      for (const { left, right, top } of placed) assert.ok(left <= right && top >= 0 && top <= 160)
    }),
  )
})

test('simulated shares and ends are drawn inside their frame, each number a number, and what ended never shrinks', () => {
  const share = fc.nat(10_000)
  const bands = fc.array(
    fc.tuple(share, share, share).map((all) => {
      const [low = 0, median = 0, high = 0] = all.toSorted((a, b) => a - b)
      return { atMs: 0, low, median, high }
    }),
    { maxLength: 60 },
  )
  const ended = fc.array(
    fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 100 })).map(([a, b, c, rest]) => {
      const all = a + b + c + rest
      return { atMs: 0, promoted: a / all, rolledBack: b / all, held: c / all }
    }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(bands, ended, (shares, ends) => {
      for (const path of [...Object.values(layoutShares(shares, frame)), ...Object.values(layoutEnds(ends, frame))]) {
        assert.doesNotMatch(path, /NaN|Infinity|null|undefined/)
        for (const [, axis = '', first = '', second = ''] of path.matchAll(/([MLHV])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
          const [x, y] = axis === 'H' ? [first, '0'] : axis === 'V' ? ['0', first] : [first, second]
          assert.ok(Number(x) >= 0 && Number(x) <= frame.width && Number(y) >= 0 && Number(y) <= frame.height, path)
        }
      }
    }),
  )
})

test('areas of ends leave a gap for what has not ended', () => {
  const ended = [
    { atMs: 0, promoted: 0, rolledBack: 0, held: 0 },
    { atMs: 1, promoted: 0.5, rolledBack: 0.2, held: 0.1 },
  ]
  const { promoted, held, rolledBack } = layoutEnds(ended, { width: 100, height: 100 })
  assert.equal(promoted, 'M0 100H100V50L100 100V100H0Z')
  assert.equal(held, 'M0 100H100V40L100 50V100H0Z')
  assert.equal(rolledBack, 'M0 0H100V0L100 20V0H0Z')
})
