import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Refusal, Updated } from '../refusal.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import type { Uniform } from '../seeded/xoshiro.ts'
import { createCusum, readCusum, updateCusum } from './cusum.ts'
import { createEwma, readEwma, updateEwma } from './ewma.ts'
import { createMoving, readMoving, updateMoving } from './moving.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { createShiryaevRoberts, readShiryaevRoberts, updateShiryaevRoberts } from './shiryaev-roberts.ts'

interface Chart<State> {
  readonly start: State
  readonly update: (state: State, point: SeriesPoint) => Updated<State>
  readonly read: (state: State) => SeriesReading | Refusal
}

/** Points to the first alarm, in the mean over `runs`; a run is cut at `most`. */
function meanRunLength<State>(
  { start, update, read }: Chart<State>,
  { runs, most, draw }: { runs: number; most: number; draw: (uniform: Uniform) => number },
): number {
  const uniform = xoshiro(20)
  let total = 0
  for (let run = 0; run < runs; run += 1) {
    let state = start
    for (let i = 1; i <= most; i += 1) {
      const next = update(state, { atMs: i, value: draw(uniform) })
      assert.ok(next.ok)
      state = next.state
      const reading = read(state)
      total += 1
      if (reading.ok && reading.alarm) break
    }
  }
  return total / runs
}

const known = { reference: { middle: 0, width: 1 } }
const ewma = { start: createEwma(known), update: updateEwma, read: readEwma }
const cusum = { start: createCusum(known), update: updateCusum, read: readCusum }

test('EWMA alarms falsely about every 560 points (standard error 28)', () => {
  const mean = meanRunLength(ewma, { runs: 400, most: 20_000, draw: normal })
  assert.ok(mean > 475 && mean < 645, `${mean}`)
})

test('CUSUM alarms falsely about every 465 points and sees one deviation after about 10', () => {
  const mean = meanRunLength(cusum, { runs: 400, most: 20_000, draw: normal })
  assert.ok(mean > 395 && mean < 535, `${mean}`)
  const shifted = meanRunLength(cusum, { runs: 400, most: 20_000, draw: (uniform) => normal(uniform) + 1 })
  assert.ok(shifted > 9 && shifted < 12, `${shifted}`)
})

test('the e-process keeps its promise also with heavy tails and with ties', () => {
  const chart = {
    start: createShiryaevRoberts({ falseAlarmEvery: 100, block: 100 }),
    update: updateShiryaevRoberts,
    read: readShiryaevRoberts,
  }
  const draws: ((uniform: Uniform) => number)[] = [
    normal,
    (uniform) => Math.tan(Math.PI * (uniform() - 0.5)),
    (uniform) => Math.floor(3 * uniform()),
  ]
  for (const draw of draws) {
    // Cutting a run short only lowers the mean.
    const mean = meanRunLength(chart, { runs: 60, most: 1000, draw })
    assert.ok(mean > 100, `${mean}`)
  }
})

test('three of five is calmer than one of one', () => {
  const of = (rule: { hits: number; of: number }) => ({
    start: createMoving({ rule }),
    update: updateMoving,
    read: readMoving,
  })
  const sample = { runs: 40, most: 1000, draw: normal }
  const [one, three] = [meanRunLength(of({ hits: 1, of: 1 }), sample), meanRunLength(of({ hits: 3, of: 5 }), sample)]
  assert.ok(one < 400, `${one}`)
  assert.ok(three > 950, `${three}`)
})

test('counts are judged with the spread their mean implies', () => {
  let state = createEwma({ counts: true, reference: { learn: 10 } })
  const feed = (value: number, at: number) => updateEwma(state, { atMs: at, value })
  for (let i = 0; i < 40; i += 1) {
    const next = feed(100 + (i % 2), i)
    assert.ok(next.ok)
    state = next.state
  }
  const jump = feed(115, 99)
  assert.ok(jump.ok)
  const read = readEwma(jump.state)
  assert.ok(read.ok && !read.alarm, 'one and a half Poisson deviations are nothing')
  assert.ok(!feed(-1, 100).ok)
})
