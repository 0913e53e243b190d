import type { EvidenceSlot } from '@serin/core'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { Recorder } from '../evidence/recorder.ts'
import type { Recording, Underway } from '../evidence/recording.ts'
import { tableOf } from '../testing/servers.ts'
import type { Batch } from './batch.ts'
import { PlayedClocks, Player } from './player.ts'
import { Scribe } from './scribe.ts'

const measurement = {
  rollout: 'r1',
  latencyCutsMs: [5, 50],
  latencyFrom: 0,
  generation: true as const,
  slices: { tier: { header: 'x-tier' } },
}
const tableAt = (canaryBp: number) => tableOf(1, canaryBp, { v1: [], v2: [] }, { measurement })

/** A parent with its recorder and workers; each has its own clock, which is nowhere near that of the others. */
function parentOf(workers: number, backlogBytes?: number) {
  const state = { reads: true, nowMs: 0 }
  const clocks = new PlayedClocks({ epochMs: () => 1_000_000 + state.nowMs, steadyMs: () => 999 + state.nowMs })
  const recorder = new Recorder({ boot: 'b', clocks })
  const stuck: (() => void)[] = []
  const crew = Array.from({ length: workers }, (_, i) => {
    const player = new Player(recorder, clocks)
    const scribe = new Scribe({
      clocks: { epochMs: () => 1_000_000 + state.nowMs, steadyMs: () => i * 77_777 + state.nowMs },
      // As it goes through the channel between two processes.
      send: (batch, sent) => {
        const copy: Batch = deserialize(serialize(batch))
        if (state.reads) {
          player.play(copy, 1)
          sent()
        } else
          stuck.push(() => {
            player.play(copy, 1)
            sent()
          })
      },
      ...(backlogBytes === undefined ? {} : { backlogBytes }),
    })
    scribe.follow(1, { watches: true })
    return { scribe, player }
  })
  return { recorder, crew, state, stuck }
}

const step = fc.record({
  worker: fc.nat(1),
  unit: fc.option(fc.nat(6).map(String)),
  version: fc.constantFrom('v1', 'v2'),
  by: fc.constantFrom('hash' as const, 'hash' as const, 'rule' as const),
  tier: fc.constantFrom('a', 'b'),
  tookMs: fc.nat(80),
  end: fc.constantFrom('answered', 'answered', 'failed', 'abandoned', 'shielded', 'model', 'open'),
  status: fc.constantFrom(200, 404, 503),
  change: fc.option(fc.constantFrom(1_000, 5_000), { freq: 12 }),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function run(recording: Recording, { unit, version, by, tier, tookMs, end, status }: Step, pass: (ms: number) => void) {
  const request: Underway = recording.start({ version, by, unit }, [tier])
  pass(tookMs)
  const { watch } = request
  watch?.head('application/json', undefined)
  watch?.body(Buffer.from('{"usage":{"prompt_tokens":3,"completion_tokens":4}}'), request.startedMs + tookMs)
  if (end === 'model' && watch !== null) watch.failed = true
  if (end === 'failed') recording.failed(request)
  else if (end === 'abandoned') recording.abandoned(request)
  else if (end !== 'open') recording.answered(request, status, true)
  if (end === 'shielded') recording.shielded(request)
  if (end !== 'open') recording.left(request)
}

/** Which bucket a unit is in is nobody's business: the sums of the columns are compared. */
function comparable(slot: EvidenceSlot | null): object {
  const sums = (rows: readonly (readonly number[])[]): number[] =>
    (rows[0] ?? []).slice(1).map((_, column) => rows.reduce((sum, row) => sum + (row[column + 1] ?? 0), 0))
  const arms = Object.entries(slot?.arms ?? {}).map(([version, { buckets, generation, ...arm }]) => [
    version,
    { ...arm, buckets: sums(buckets), generation: sums(generation?.buckets ?? []) },
  ])
  return { ...slot, at: 0, durationMs: 0, arms: Object.fromEntries(arms) as object }
}

void test('requests that came to two workers are counted as if all had come to one process', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { recorder, crew, state } = parentOf(2)
      const alone = new Recorder({
        boot: 'b',
        clocks: { epochMs: () => 1_000_000 + state.nowMs, steadyMs: () => state.nowMs },
      })
      const slots: [EvidenceSlot | null, EvidenceSlot | null][] = []
      slots.push([recorder.change(tableAt(5_000)), alone.change(tableAt(5_000))])
      for (const each of steps) {
        const began = state.nowMs
        const scribe = crew[each.worker]?.scribe
        assert.ok(scribe !== undefined)
        run(scribe, each, (ms) => (state.nowMs += ms))
        scribe.tell()
        state.nowMs = began
        run(alone, each, (ms) => (state.nowMs += ms))
        if (each.change !== null)
          slots.push([recorder.change(tableAt(each.change)), alone.change(tableAt(each.change))])
      }
      slots.push([recorder.cut(), alone.cut()])
      for (const [many, one] of slots) assert.deepEqual(comparable(many), comparable(one))
      assert.deepEqual(recorder.activity(), alone.activity())
      assert.deepEqual(recorder.units, alone.units)
    }),
    { numRuns: 200 },
  )
})

const requests = { version: 'v2', by: 'hash', unit: 'ann' } as const

void test('a request that began under another table counts, and is evidence of nothing', () => {
  const { recorder, crew } = parentOf(1)
  recorder.change(tableAt(5_000))
  const scribe = crew[0]?.scribe
  assert.ok(scribe !== undefined)
  scribe.follow(2, { watches: false })
  const request = scribe.start(requests)
  scribe.answered(request, 500, true)
  scribe.left(request)
  scribe.tell()
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual([arm?.requests, arm?.errors, arm?.randomised, arm?.newUnits], [1, 1, 0, 0])
})

for (const before of [0, 1, 2, 3, 4, 5])
  void test(`a parent that does not read is told what it missed, and never thinks that something is still in flight (${before})`, () => {
    missing(before)
  })

/** `shift` records first: a batch may be full at any of the records of a request. */
function missing(shift: number): void {
  const { recorder, crew, state, stuck } = parentOf(1, 20_000)
  recorder.change(tableAt(5_000))
  const { scribe, player } = crew[0] ?? assert.fail('no worker')
  const inFlight = (): number | undefined => recorder.activity()['v2']?.inFlight
  const [before, held] = [scribe.start(requests), scribe.hold('v2')]
  scribe.tell()
  assert.equal(inFlight(), 2)
  state.reads = false
  for (let i = 0; i < shift; i += 1) scribe.wasCutOff('v1')
  for (let i = 0; i < 2_000; i += 1) {
    const request = scribe.start(requests)
    scribe.answered(request, 200, true)
    scribe.left(request)
  }
  scribe.tell()
  state.reads = true
  for (const arrive of stuck) arrive()
  const after = scribe.start(requests)
  scribe.tell()
  assert.ok(player.lost > 0 && player.lost < 6_000, `${player.lost} lost`)
  assert.equal(inFlight(), 3)
  for (const request of [before, after]) {
    scribe.answered(request, 200, true)
    scribe.left(request)
  }
  held()
  scribe.tell()
  assert.equal(inFlight(), 0)
  const arm = recorder.cut()?.arms['v2']
  // Three records each; the request from before the gap is not known any more.
  assert.ok(Math.abs((arm?.requests ?? 0) - 1 - (6_000 - player.lost) / 3) <= 3, `${arm?.requests} of 2001`)
}

void test('a worker that is gone takes its requests with it', () => {
  const { recorder, crew } = parentOf(2)
  recorder.change(tableAt(5_000))
  for (const { scribe } of crew) {
    scribe.start(requests)
    scribe.tell()
  }
  assert.equal(crew[0]?.player.drop(), 1)
  assert.deepEqual([recorder.activity()['v2']?.inFlight, recorder.cut()?.arms['v2']?.requests], [1, 0])
})

void test('records do not wait for others for long, and errors not at all', async () => {
  const { recorder, crew } = parentOf(1)
  recorder.change(tableAt(5_000))
  const scribe = crew[0]?.scribe
  assert.ok(scribe !== undefined)
  scribe.failed(scribe.start(requests))
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  assert.equal(recorder.cut()?.arms['v2']?.errors, 1)
  scribe.start(requests)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(recorder.activity()['v2']?.inFlight, 2)
})
