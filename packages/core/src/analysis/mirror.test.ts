import { xoshiro, type Uniform } from '@serin/stats/seeded'
import { binOf } from '@serin/stats'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MirrorSlot } from '../evidence.ts'
import { foldMirror, readMirror, startMirror, type MirrorQuestion, type MirrorState } from './mirror.ts'

const question: MirrorQuestion = { falseRollbackRatio: 0.05, falsePromotionRatio: 0.05 }

function slotOf(more: Partial<MirrorSlot>): MirrorSlot {
  return {
    sent: more.compared ?? 0,
    dropped: 0,
    compared: 0,
    different: 0,
    differentStatus: 0,
    differentBody: 0,
    onlyCanaryFailed: 0,
    onlyStableFailed: 0,
    canaryLatency: [],
    stableLatency: [],
    ...more,
  }
}

interface Behaviour {
  /** Chance that a body differs, and that either fails by itself. */
  readonly differs: number
  readonly canaryFails: number
  readonly stableFails: number
}

/** A second with up to twenty pairs. */
function second(uniform: Uniform, { differs, canaryFails, stableFails }: Behaviour): MirrorSlot {
  const compared = Math.floor(uniform() * 20)
  const [counts, total] = [{ body: 0, canary: 0, stable: 0 }, compared]
  for (let i = 0; i < total; i += 1) {
    const [canary, stable] = [uniform() < canaryFails, uniform() < stableFails]
    if (canary && !stable) counts.canary += 1
    else if (stable && !canary) counts.stable += 1
    else if (uniform() < differs) counts.body += 1
  }
  const differentStatus = counts.canary + counts.stable
  return slotOf({
    compared,
    different: counts.body + differentStatus,
    differentStatus,
    differentBody: counts.body,
    onlyCanaryFailed: counts.canary,
    onlyStableFailed: counts.stable,
  })
}

/** Whether the verdict is ever given in runs that are read after every slot. */
function everGiven(verdict: 'harmful' | 'safe', behaviour: Behaviour, maxDifferentRatio: number): number {
  const runs = 200
  let given = 0
  for (let seed = 0; seed < runs; seed += 1) {
    const uniform = xoshiro(seed * 7_919 + 17)
    let state = startMirror(maxDifferentRatio)
    for (let at = 0; at < 150; at += 1) {
      state = foldMirror(state, second(uniform, behaviour), 1_000)
      if (readMirror(state, question).verdict === verdict) {
        given += 1
        break
      }
    }
  }
  return given / runs
}

function folded(slots: readonly MirrorSlot[], maxDifferentRatio = 0.01): MirrorState {
  return slots.reduce((state, slot) => foldMirror(state, slot, 1_000), startMirror(maxDifferentRatio))
}

describe('the reading of copies', () => {
  test('says nothing before there are pairs', () => {
    const reading = readMirror(startMirror(0.01), question)
    assert.equal(reading.verdict, 'undecided')
    assert.equal(reading.differentRatio, null)
    assert.equal(reading.interval, null)
    assert.deepEqual(reading.latency, { canary: null, stable: null })
    assert.equal(reading.sentence, 'No answers of copies have been compared yet.')
    const full = readMirror(folded([slotOf({ dropped: 12 })]), question)
    assert.match(full.sentence, /12 were not copied/)
  })

  test('answers that always differ are harm at once', () => {
    const reading = readMirror(folded([slotOf({ compared: 10, different: 10, differentBody: 10 })]), question)
    assert.equal(reading.verdict, 'harmful')
    assert.equal(reading.harm.leading, 'different')
    assert.match(reading.sentence, /^10 of 10 mirrored answers differ \(100 %; 1\.0* % may\)/)
  })

  test('a canary that alone fails is harm long before the answers that may differ are used up', () => {
    const one = slotOf({ compared: 1_000, different: 3, differentStatus: 3, onlyCanaryFailed: 3 })
    const reading = readMirror(folded([one, one, one, one, one], 0.2), question)
    assert.equal(reading.verdict, 'harmful')
    assert.equal(reading.harm.leading, 'failures')
    assert.deepEqual([reading.failures.onlyCanary, reading.failures.onlyStable, reading.differentRatio], [15, 0, 0.003])
  })

  test('failures that fall on either version alike are no harm of canary', () => {
    const one = slotOf({ compared: 1_000, different: 6, differentStatus: 6, onlyCanaryFailed: 3, onlyStableFailed: 3 })
    assert.equal(readMirror(folded([one, one, one, one, one], 0.2), question).verdict, 'safe')
  })

  test('safe needs the floor of pairs as well as the proof', () => {
    const state = folded([slotOf({ compared: 90 })], 0.2)
    assert.ok(readMirror(state, question).safety.logE > Math.log(20), 'the proof is there')
    assert.equal(readMirror(state, question).verdict, 'undecided')
    assert.match(readMirror(state, question).sentence, /10 more pairs are needed/)
    assert.equal(readMirror(state, { ...question, minPairs: 90 }).verdict, 'safe')
    const unproved = folded([slotOf({ compared: 150 })], 0.001)
    assert.equal(readMirror(unproved, question).verdict, 'undecided')
  })

  test('the chance of a false alarm goes where it is asked to go', () => {
    const state = folded([slotOf({ compared: 1_000, different: 6, differentStatus: 6, onlyCanaryFailed: 6 })], 0.2)
    const one = readMirror(state, { ...question, differentPart: 0.999 })
    const other = readMirror(state, { ...question, differentPart: 0.001 })
    assert.ok(other.harm.logE > one.harm.logE + 3, `${other.harm.logE} against ${one.harm.logE}`)
  })

  test('the interval holds the ratio and the limits, and latency is told of both', () => {
    const slot = slotOf({
      compared: 200,
      different: 10,
      canaryLatency: [[binOf(40), 100]],
      stableLatency: [
        [binOf(10), 90],
        [binOf(30), 10],
      ],
    })
    const reading = readMirror(folded([slot, slot]), question)
    const [low, high] = reading.interval ?? [1, 0]
    assert.ok(low > 0.01 && low < 0.05 && high > 0.05 && high < 0.12, `${low}..${high}`)
    const near = (value: number | undefined, ms: number): void =>
      assert.ok(value !== undefined && Math.abs(value / ms - 1) < 0.02, `${value} is not about ${ms}`)
    near(reading.latency.canary?.p50Ms, 40)
    near(reading.latency.stable?.p50Ms, 10)
    near(reading.latency.stable?.p95Ms, 30)
  })

  test('the state is plain JSON, and counts that cannot be leave the tests as they were', () => {
    const uniform = xoshiro(5)
    const slots = Array.from({ length: 20 }, () =>
      second(uniform, { differs: 0.02, canaryFails: 0.01, stableFails: 0 }),
    )
    let [whole, stored] = [startMirror(0.01), startMirror(0.01)]
    for (const slot of slots) {
      whole = foldMirror(whole, slot, 1_000)
      stored = foldMirror(JSON.parse(JSON.stringify(stored)), slot, 1_000)
    }
    assert.deepEqual(readMirror(stored, question), readMirror(whole, question))
    const spoiled = foldMirror(whole, slotOf({ compared: 1, different: 2 }), 1_000)
    assert.deepEqual(spoiled.above, whole.above)
    assert.deepEqual(spoiled.below, whole.below)
    assert.throws(() => startMirror(0), RangeError)
  })
})

describe('read after every slot', () => {
  test('a canary at the very edge of what may differ is seldom called harmful', () => {
    const ratio = everGiven('harmful', { differs: 0.02, canaryFails: 0, stableFails: 0 }, 0.02)
    assert.ok(ratio <= 0.05, `${ratio} of the runs`)
  })

  test('a canary that fails as often as stable is seldom called harmful', () => {
    const ratio = everGiven('harmful', { differs: 0, canaryFails: 0.03, stableFails: 0.03 }, 0.2)
    assert.ok(ratio <= 0.05, `${ratio} of the runs`)
  })

  test('a canary at the very edge of what may differ is seldom called safe', () => {
    const ratio = everGiven('safe', { differs: 0.02, canaryFails: 0, stableFails: 0 }, 0.02)
    assert.ok(ratio <= 0.05, `${ratio} of the runs`)
  })

  test('what is well within is called safe, and what is well outside harmful', () => {
    assert.ok(everGiven('safe', { differs: 0.002, canaryFails: 0, stableFails: 0 }, 0.02) > 0.95)
    assert.ok(everGiven('harmful', { differs: 0.1, canaryFails: 0, stableFails: 0 }, 0.02) > 0.95)
    assert.ok(everGiven('harmful', { differs: 0, canaryFails: 0.05, stableFails: 0.001 }, 0.2) > 0.95)
  })
})
