import { slotBuckets } from '@serin/core/evidence'
import type { Uniform } from '@serin/stats/seeded'
import { ArmTally } from './arm-tally.ts'
import { createPicker, drawLogNormal } from './draw.ts'
import { chancesAbove, type Levels } from './levels.ts'
import type { SlotAsk, Traffic } from './traffic.ts'
import type { Behaviour, World } from './world.ts'

/** The tenth event is the last that counts. */
const deepest = 10
/** Where a count is a depth that is told: the first, third and tenth event. */
const depthOf = Int8Array.from({ length: deepest + 1 }, (_, count) => [1, 3, 10].indexOf(count))

/** Numbers per user: who they are, and four bits for each kind of event, in all and of late. */
const fields = 3
const placeBits = 14
const bucketBits = 6
const servedAt = placeBits + bucketBits

interface Side {
  readonly tally: ArmTally
  readonly errorRatio: number
  /** Chance, of any request, to be answered and above each edge. */
  readonly above: Float64Array
  readonly slow: readonly number[]
  readonly served: number
  readonly scored: boolean
}

/** Users who come back, each followed: which version they meet, which events they have had, in which bucket they count. */
export function userTraffic(
  uniform: Uniform,
  {
    levels,
    cuts,
    users,
  }: { readonly levels: Levels; readonly cuts: number; readonly users: NonNullable<World['users']> },
): Traffic {
  const weights = weightsOf(users, uniform)
  const size = weights.length
  const pick = createPicker(weights)
  const states = new Uint32Array(size * fields)
  // Where the hash puts them, and in which bucket they count; neither has to do with what they do.
  for (let user = 0; user < size; user += 1)
    states[user * fields] = Math.floor(10_000 * uniform()) | (Math.floor(slotBuckets * uniform()) << placeBits)
  const side = (behaviour: Behaviour, name: 'stable' | 'canary', scored: boolean): Side => ({
    tally: new ArmTally(cuts, levels.bins.length),
    errorRatio: behaviour.errorRatio,
    above: Float64Array.from(chancesAbove(levels, behaviour), (chance) => chance * (1 - behaviour.errorRatio)),
    slow: levels.slow[name],
    served: 1 << (servedAt + (name === 'stable' ? 0 : 1)),
    scored,
  })
  const each = (change: (at: number) => void): void => {
    for (let at = 0; at < states.length; at += fields) change(at)
  }
  return {
    sticky: true,
    slot({ requests, weightBp, stable, canary, scored }: SlotAsk) {
      const sides = { stable: side(stable, 'stable', scored), canary: side(canary, 'canary', scored) }
      for (let i = 0; i < requests; i += 1) {
        const at = fields * pick(uniform)
        const isCanary = ((states[at] ?? 0) & ((1 << placeBits) - 1)) < weightBp
        request(states, at, isCanary ? sides.canary : sides.stable, uniform())
      }
      return { stable: sides.stable.tally, canary: sides.canary.tally }
    },
    begin: () =>
      each((at) => {
        states[at] = (states[at] ?? 0) & ((1 << servedAt) - 1)
        states[at + 1] = 0
        states[at + 2] = 0
      }),
    beginEpoch: () => each((at) => void (states[at + 2] = 0)),
  }
}

/** One number says how a request ends: failed, or how slow; it is above every edge whose chance is greater. */
function request(
  states: Uint32Array,
  at: number,
  { tally, errorRatio, above, slow, served, scored }: Side,
  chance: number,
): void {
  const info = states[at] ?? 0
  const failed = chance > 1 - errorRatio
  const row = ((info >>> placeBits) & (slotBuckets - 1)) * tally.width
  tally.requests += 1
  add(tally.rows, row)
  if ((info & served) === 0) {
    if (info >>> servedAt === 0) tally.newUnits += 1
    states[at] = info | served
    tally.servedUnits += 1
    tally.firstRequests += 1
    if (failed) tally.firstErrors += 1
  }
  if (failed) {
    tally.errors += 1
    add(tally.rows, row + 1)
    event(states, at, 0, tally)
    return
  }
  if (!scored) return
  let level = 0
  while (level < above.length && chance < (above[level] ?? 0)) level += 1
  tally.scored += 1
  add(tally.rows, row + 2)
  add(tally.levels, level)
  const cuts = slow[level] ?? 0
  for (let cut = 0; cut < cuts; cut += 1) {
    add(tally.rows, row + 3 + cut)
    event(states, at, 1 + cut, tally)
  }
}

function event(states: Uint32Array, at: number, kind: number, { events, recent }: ArmTally): void {
  bump(states, at + 1, kind, events)
  bump(states, at + 2, kind, recent)
}

function bump(states: Uint32Array, at: number, kind: number, events: Float64Array): void {
  const packed = states[at] ?? 0
  const before = (packed >>> (4 * kind)) & 15
  if (before >= deepest) return
  states[at] = packed + (1 << (4 * kind))
  const depth = depthOf[before + 1] ?? -1
  if (depth >= 0) add(events, 3 * kind + depth)
}

function weightsOf(users: NonNullable<World['users']>, uniform: Uniform): ArrayLike<number> {
  if ('weights' in users) return users.weights
  return Float64Array.from({ length: users.count }, () => drawLogNormal(uniform, users.spread))
}

function add(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1
}
