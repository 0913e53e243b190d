import type { ReleasePlan } from '@serin/spec'
import { heightOf } from './stairs-layout.ts'

/** A forecast as places: the share over time, and for each step where it stands and how likely it finds harm. */
export interface PlanLayout {
  readonly path: string
  readonly steps: readonly {
    readonly left: number
    readonly right: number
    readonly top: number
    /** When it likely begins, in ms after the first traffic. */
    readonly beginMs: number
    /** Chance that doubled errors are found here, 0 to 1; null when nobody can say. */
    readonly found: number | null
  }[]
  /** The end of the picture, in ms after the first traffic. */
  readonly untilMs: number
}

type Forecast = Pick<ReleasePlan, 'steps' | 'promoted'>

/** Lays a forecast out. Time grows with its root, so that a step of a minute can be seen beside one of a day. */
export function layoutPlan(
  { steps, promoted }: Forecast,
  { width, height }: { readonly width: number; readonly height: number },
): PlanLayout {
  const begins = steps.map(({ likelyMs, earliestMs }) => Math.max(0, likelyMs ?? earliestMs))
  const end = Math.max(promoted.likelyMs ?? promoted.earliestMs, ...begins, 1)
  const untilMs = end * 1.15
  const xOf = (ms: number) => round(Math.sqrt(Math.min(1, ms / untilMs)) * width)
  const yOf = (bp: number) => round((1 - heightOf(bp / 100)) * height)
  const placed = steps.map(({ weightBp, doubledErrors }, i) => ({
    left: xOf(begins[i] ?? 0),
    right: xOf(begins[i + 1] ?? end),
    top: yOf(weightBp),
    beginMs: begins[i] ?? 0,
    found: doubledErrors.foundHere === null ? null : Math.min(1, Math.max(0, doubledErrors.foundHere)),
  }))
  const path = placed.map(({ left, right, top }, i) => `${i === 0 ? 'M' : 'L'}${left} ${top}H${right}`).join('')
  return { path: `${path}${path === '' ? 'M' : 'L'}${xOf(end)} ${yOf(10_000)}H${width}`, steps: placed, untilMs }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
