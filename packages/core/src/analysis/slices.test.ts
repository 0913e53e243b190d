import type { SliceReading } from '@serin/spec'
import { poisson, xoshiro, type Uniform } from '@serin/stats/seeded'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ArmSlot, EvidenceSlot } from '../evidence.ts'
import { createAnalysis, foldSlot, type AnalysisState } from './fold.ts'
import { judge } from './judge.ts'
import { readSlices, slicesSentence } from './slices.ts'
import { setupOf, slotOf } from './testing/setups.ts'

const setup = setupOf({ slices: { device: { header: 'user-agent' }, country: { header: 'x-country' } } })
const devices = ['android', 'iphone', 'other']
const countries = ['NO', 'SE', 'DK', 'FI', 'DE', 'FR', 'CN']

type Cell = [requests: number, errors: number, events: number]
type Failing = (version: 'v1' | 'v2', device: string, country: string) => number

interface World {
  readonly uniform: Uniform
  readonly sticky: boolean
  readonly failing: Failing
  /** Coins already thrown: a unit once per value. */
  readonly seen: Set<string>
}

/** A second of traffic at 20 %, counted as a gateway counts it. */
function second({ uniform, sticky, failing, seen }: World, boot = 'boot'): EvidenceSlot {
  const counts: Record<'v1' | 'v2', Record<string, Record<string, Cell>>> = {
    v1: { device: {}, country: {} },
    v2: { device: {}, country: {} },
  }
  const totals = { v1: [0, 0] as [number, number], v2: [0, 0] as [number, number] }
  const requests = poisson(uniform, 100)
  for (let i = 0; i < requests; i += 1) {
    const user = Math.floor(uniform() * 5_000)
    const version = sticky ? (user % 5 === 0 ? 'v2' : 'v1') : uniform() < 0.2 ? 'v2' : 'v1'
    const device = devices[Math.floor(user / 5) % 3] ?? ''
    const country = countries[Math.floor(user / 15) % 7] ?? ''
    const failed = uniform() < failing(version, device, country)
    totals[version][0] += 1
    totals[version][1] += Number(failed)
    for (const [slice, value] of Object.entries({ device, country })) {
      const cell = ((counts[version][slice] ??= {})[value] ??= [0, 0, 0])
      const coin = `${slice}/${value}/${user}`
      cell[0] += 1
      cell[1] += Number(failed)
      cell[2] += Number(failed && !(sticky && seen.has(coin)))
      if (failed) seen.add(coin)
    }
  }
  const arm = (version: 'v1' | 'v2'): Partial<ArmSlot> => ({
    requests: totals[version][0],
    randomised: totals[version][0],
    randomisedErrors: totals[version][1],
    slices: counts[version],
  })
  return slotOf({ v1: arm('v1'), v2: arm('v2') }, { canaryBp: 2_000, sticky, boot })
}

function watched(seed: number, seconds: number, world: Pick<World, 'sticky' | 'failing'>): AnalysisState {
  const whole = { ...world, uniform: xoshiro(seed), seen: new Set<string>() }
  let state = createAnalysis(setup)
  for (let i = 0; i < seconds; i += 1) state = foldSlot(setup, state, second(whole), { bp: 2_000 }).state
  return state
}

function flaggedOf(state: AnalysisState): readonly SliceReading[] {
  assert.ok(state.slices !== undefined)
  return readSlices(state.slices, true).filter(({ flagged }) => flagged)
}

const onlyAndroid: Failing = (version, device) => (version === 'v2' && device === 'android' ? 0.12 : 0.02)

for (const sticky of [true, false]) {
  test(`harm on one device is flagged, and nothing else (${sticky ? 'units' : 'requests'})`, () => {
    const flagged = flaggedOf(watched(7, 240, { sticky, failing: onlyAndroid }))
    assert.equal(slicesSentence(flagged), 'Worse on device android.')
    const [worst] = flagged
    assert.ok(worst !== undefined && worst.canary.errors / worst.canary.requests > 0.1)
    assert.ok(worst.stable.requests > worst.canary.requests)
    assert.deepEqual(
      flagged.filter(({ slice }) => slice === 'device').map(({ value }) => value),
      ['android'],
    )
  })

  test(`harm in one country is flagged, and no other (${sticky ? 'units' : 'requests'})`, () => {
    const failing: Failing = (version, _, country) => (version === 'v2' && country === 'DK' ? 0.15 : 0.02)
    for (const seed of [1, 2, 3]) {
      const flagged = flaggedOf(watched(seed, 150, { sticky, failing })).filter(({ slice }) => slice === 'country')
      assert.deepEqual(
        flagged.map(({ value }) => value),
        ['DK'],
      )
    }
  })

  test(`without harm hardly anything is flagged in 200 runs (${sticky ? 'units' : 'requests'})`, () => {
    // Devices differ: that is not harm.
    const failing: Failing = (_, device) => (device === 'android' ? 0.06 : 0.02)
    let wrong = 0
    for (let seed = 1; seed <= 200; seed += 1)
      wrong += Number(flaggedOf(watched(seed, 25, { sticky, failing })).length > 0)
    // The promise is 20 of 200; the bets are not as tight as that.
    assert.ok(wrong <= 4, `${wrong} of 200 runs flagged something`)
  })
}

test('a flag is said in the sentence and changes no verdict; a split that is not as asked flags nothing', () => {
  const state = watched(7, 240, { sticky: true, failing: onlyAndroid })
  const context = { nextBp: 5_000, now: 1_000, since: 0, warmingUp: false }
  const told = judge(setup, state, context)
  const { slices: _, ...without } = state
  const plain = judge(setup, without, context)
  assert.equal(plain.slices, undefined)
  assert.equal(told.sentence, `${plain.sentence} Worse on device android.`)
  assert.deepEqual([told.verdict, told.health, told.harm], [plain.verdict, plain.health, plain.harm])
  assert.ok(state.slices !== undefined)
  assert.ok(readSlices(state.slices, false).every(({ flagged }) => !flagged))
})

test('two errors of a rare value flag nothing, whatever the odds', () => {
  let state = createAnalysis(setup)
  const slot = (events: number): EvidenceSlot =>
    slotOf(
      {
        v1: { randomised: 900, slices: { country: { AQ: [900, 0, 0] } } },
        v2: { randomised: 9, slices: { country: { AQ: [9, events, events] } } },
      },
      { canaryBp: 100 },
    )
  state = foldSlot(setup, state, slot(2), { bp: 100 }).state
  assert.deepEqual(flaggedOf(state), [])
  state = foldSlot(setup, state, slot(4), { bp: 100 }).state
  assert.equal(slicesSentence(flaggedOf(state)), 'Worse on country AQ.')
})

test('the state is bounded, plain JSON, and takes any value for a key', () => {
  let state = createAnalysis(setup)
  const names = ['__proto__', 'constructor', ...Array.from({ length: 98 }, (_, i) => `value-${i}`), 'other']
  const slices = {
    country: Object.fromEntries(names.map((name) => [name, [2, 1, 1] as const])),
    unasked: { a: [1, 1, 1] as const },
  }
  for (let i = 0; i < 3; i += 1) {
    const slot: EvidenceSlot = JSON.parse(JSON.stringify(slotOf({ v1: { slices }, v2: { slices } })))
    state = foldSlot(setup, state, slot, { bp: 500 }).state
  }
  const cells = state.slices?.cells ?? []
  assert.equal(cells.length, 33)
  assert.deepEqual(
    cells.slice(0, 2).map(({ value, canary }) => [value, canary]),
    [
      ['__proto__', [6, 3, 3]],
      ['constructor', [6, 3, 3]],
    ],
  )
  assert.equal(cells.at(-1)?.value, 'other')
  assert.deepEqual(JSON.parse(JSON.stringify(state.slices)), state.slices)
})

test('a gateway that starts again scores units anew, with capital of its own: nothing is counted twice', () => {
  const world: World = { uniform: xoshiro(3), sticky: true, failing: onlyAndroid, seen: new Set() }
  let state = createAnalysis(setup)
  for (let i = 0; i < 60; i += 1) state = foldSlot(setup, state, second(world), { bp: 2_000 }).state
  const worstOf = (at: AnalysisState): SliceReading | undefined => readSlices(at.slices ?? assert.fail(), true)[0]
  const before = worstOf(state)
  state = foldSlot(setup, state, second({ ...world, seen: new Set() }, 'another'), { bp: 2_000 }).state
  const after = worstOf(state)
  assert.equal(after?.value, 'android')
  assert.ok(before !== undefined && Math.abs(after.logE - before.logE) < 0.1, `${before?.logE} → ${after?.logE}`)
  assert.equal(state.slices?.boots, 2)
})

test('slots of before slices existed, and rollouts without slices, read as ever', () => {
  const state = foldSlot(setup, createAnalysis(setup), slotOf({}), { bp: 500 }).state
  assert.deepEqual(state.slices?.cells, [])
  const plain = foldSlot(setupOf({}), createAnalysis(setupOf({})), slotOf({}), { bp: 500 }).state
  assert.equal('slices' in plain, false)
})
