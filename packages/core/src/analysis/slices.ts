import type { SliceReading } from '@serin/spec'
import {
  createHarm,
  eBenjaminiHochberg,
  LOG_ZERO,
  logAddExp,
  logSumExp,
  readHarm,
  updateHarm,
  type HarmState,
} from '@serin/stats'
import { otherValue, sliceValues, type ArmSlot, type EvidenceSlot } from '../evidence.ts'
import type { AnalysisSetup } from './setup.ts'

/** Of all that is flagged, this share is expected to be harmless at most. */
const falseDiscoveryRatio = 0.1
/** Fewer events of canary than this flag nothing: one poisoned client does not blame a country. */
const flagFloor = 3
/** Readings that are told besides the flagged ones. */
const told = 16

type Counts = readonly [requests: number, errors: number, events: number]

/** One value of a slice. */
export interface SliceCell {
  readonly slice: string
  readonly value: string
  readonly canary: Counts
  readonly stable: Counts
  /** Null before the first event. */
  readonly harm: HarmState | null
  /** ln of what the stakes of earlier gateway processes have become. */
  readonly closed: number
}

/** What the slices add up to: plain JSON, at most 33 values of each. A list, because values come from clients and would make bad keys. */
export interface SlicesState {
  readonly sticky: boolean
  readonly boot: string
  /** Gateway processes so far, from 1. */
  readonly boots: number
  readonly cells: readonly SliceCell[]
}

/** Process k gets 1/k − 1/(k+1) of the capital: each scores all units anew, so evidence of two must not be multiplied. */
const stake = (boots: number): number => 1 / (boots * (boots + 1))

/** Folds a slot with both versions in; undefined as long as no slices are asked for. */
export function foldSlices(
  setup: Pick<AnalysisSetup, 'slices'>,
  before: SlicesState | undefined,
  slot: EvidenceSlot,
  arms: { readonly canary: ArmSlot; readonly stable: ArmSlot; readonly canaryBp: number },
): SlicesState | undefined {
  const names = Object.keys(setup.slices ?? {})
  if (names.length === 0) return undefined
  const state = enter(before, slot)
  const news = names.flatMap((slice) => countsOf(slice, arms))
  const known = new Map(state.cells.map((cell) => [keyOf(cell), cell]))
  for (const { slice, value, canary, stable } of news) {
    const cell = known.get(keyOf({ slice, value })) ?? roomFor(known, slice, value, state.boots)
    if (cell === null) continue
    const hashShare = arms.canaryBp / 10_000
    // Sticky units: the coin is the user. Else: what was realised within the value, immune to its ups and downs.
    const share = slot.sticky ? hashShare : canary[0] / (canary[0] + stable[0])
    known.set(keyOf(cell), {
      ...cell,
      canary: added(cell.canary, canary),
      stable: added(cell.stable, stable),
      harm: played(cell.harm, slot, { share, canary: canary[2], stable: stable[2] }),
    })
  }
  return { ...state, cells: [...known.values()] }
}

/**
 * Every value with its evidence, worst first; by e-BH at most a tenth of the flagged is expected to be harmless, under any dependence. With a split that
 * is not as asked (`sound` false) nothing is flagged: the coins rest on it.
 */
export function readSlices({ cells, boots, sticky }: SlicesState, sound: boolean): SliceReading[] {
  const evidence = cells.map((cell) => logEOf(cell, sticky ? boots : 0))
  const found = cells.length === 0 ? null : eBenjaminiHochberg(evidence, falseDiscoveryRatio)
  const readings = cells.map(({ slice, value, canary, stable }, i): SliceReading => ({
    slice,
    value,
    canary: { requests: canary[0], errors: canary[1] },
    stable: { requests: stable[0], errors: stable[1] },
    logE: evidence[i] ?? 0,
    flagged: sound && found?.ok === true && found.rejected[i] === true,
  }))
  readings.sort((a, b) => Number(b.flagged) - Number(a.flagged) || b.logE - a.logE)
  return readings.filter(({ flagged }, i) => flagged || i < told)
}

/**
 * What is said of the flagged: “Worse on device android.”; empty when nothing is. Only the slice with the strongest evidence is named: where every
 * country has Android users, every country is worse as well, and naming them all would hide which it is.
 */
export function slicesSentence(readings: readonly SliceReading[]): string {
  const slice = readings.find((reading) => reading.flagged)?.slice
  if (slice === undefined) return ''
  const values = readings.filter((reading) => reading.flagged && reading.slice === slice).map(({ value }) => value)
  const rest = values.length - 3
  return `Worse on ${slice} ${values.slice(0, 3).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`
}

function enter(before: SlicesState | undefined, { boot, sticky }: EvidenceSlot): SlicesState {
  // Other units than before cannot go on in the same test.
  if (before === undefined || before.sticky !== sticky) return { sticky, boot, boots: 1, cells: [] }
  if (before.boot === boot) return before
  if (!sticky) return { ...before, boot }
  const cells = before.cells.map((cell) => ({
    ...cell,
    harm: null,
    closed: logAddExp(cell.closed, openLogE(cell, before.boots)),
  }))
  return { sticky, boot, boots: before.boots + 1, cells }
}

/** A cell for a value that is new; null when its slice is full. */
function roomFor(known: ReadonlyMap<string, SliceCell>, slice: string, value: string, boots: number): SliceCell | null {
  const followed = [...known.values()].filter((cell) => cell.slice === slice && cell.value !== otherValue)
  if (value !== otherValue && followed.length >= sliceValues) return null
  // The stakes of processes that did not see it are cash.
  const closed = boots === 1 ? LOG_ZERO : Math.log(1 - 1 / boots)
  return { slice, value, canary: [0, 0, 0], stable: [0, 0, 0], harm: null, closed }
}

function countsOf(
  slice: string,
  { canary, stable }: { readonly canary: ArmSlot; readonly stable: ArmSlot },
): readonly Pick<SliceCell, 'slice' | 'value' | 'canary' | 'stable'>[] {
  const own = valuesOf(canary, slice)
  const theirs = valuesOf(stable, slice)
  const none = [0, 0, 0] as const
  return [...new Set([...own.keys(), ...theirs.keys()])].map((value) => ({
    slice,
    value,
    canary: own.get(value) ?? none,
    stable: theirs.get(value) ?? none,
  }))
}

/** By their own keys only: a slice may be called `constructor`. */
function valuesOf({ slices = {} }: ArmSlot, slice: string): ReadonlyMap<string, Counts> {
  return new Map(Object.hasOwn(slices, slice) ? Object.entries(slices[slice] ?? {}) : [])
}

function played(
  harm: HarmState | null,
  { sticky, durationMs }: EvidenceSlot,
  batch: { readonly share: number; readonly canary: number; readonly stable: number },
): HarmState | null {
  const quiet = batch.canary + batch.stable === 0
  // Without units even a quiet second puts capital for late harm to work.
  if ((quiet && (sticky || harm === null)) || !(batch.share > 0 && batch.share < 1)) return harm
  const state = harm ?? createHarm(sticky ? { restarts: null } : {})
  const updated = updateHarm(state, { ...batch, durationMs })
  return updated.ok ? updated.state : state
}

function openLogE({ harm }: SliceCell, boots: number): number {
  return Math.log(stake(boots)) + (harm === null ? 0 : readHarm(harm).logE)
}

/** ln of the capital of a cell; `boots` is 0 without units, when all of it plays on. */
function logEOf(cell: SliceCell, boots: number): number {
  const logE =
    boots === 0
      ? cell.harm === null
        ? 0
        : readHarm(cell.harm).logE
      : logSumExp([cell.closed, openLogE(cell, boots), -Math.log(boots + 1)])
  return cell.canary[2] < flagFloor ? Math.min(0, logE) : logE
}

function added(one: Counts, other: Counts): Counts {
  return [one[0] + other[0], one[1] + other[1], one[2] + other[2]]
}

function keyOf({ slice, value }: Pick<SliceCell, 'slice' | 'value'>): string {
  return JSON.stringify([slice, value])
}
