import type { Simulation } from '@serin/spec'
import { heightOf } from './stairs-layout.ts'

interface Frame {
  readonly width: number
  readonly height: number
}

/** Shares over time as paths: where eight in ten releases are, closed, and the median of all. */
export interface SharesLayout {
  readonly area: string
  readonly median: string
}

/** Ends over time as closed paths: who is promoted grows from the bottom, who is held above it, who went back from the top. What is left between has not ended. */
export interface EndsLayout {
  readonly promoted: string
  readonly held: string
  readonly rolledBack: string
}

/** Lays out canary’s share over time; heights grow with the root of the share, as on the stair. */
export function layoutShares(bands: Simulation['bands'], frame: Frame): SharesLayout {
  const yOf = (bp: number) => round((1 - heightOf(bp / 100)) * frame.height)
  const line = (value: (band: Simulation['bands'][number]) => number) =>
    bands.map((band, i) => [xOf(i, bands.length, frame), yOf(value(band))] as const)
  return {
    area: closed(
      line(({ high }) => high),
      line(({ low }) => low),
    ),
    median: stepped(line(({ median }) => median)),
  }
}

/** Lays out how many releases have ended, and how, over time. */
export function layoutEnds(ended: Simulation['ended'], frame: Frame): EndsLayout {
  const line = (value: (end: Simulation['ended'][number]) => number) =>
    ended.map((end, i) => [xOf(i, ended.length, frame), round((1 - clamp(value(end))) * frame.height)] as const)
  const [bottom, top] = [line(() => 0), line(() => 1)]
  const promoted = line((end) => end.promoted)
  return {
    promoted: closed(promoted, bottom),
    held: closed(
      line((end) => end.promoted + end.held),
      promoted,
    ),
    rolledBack: closed(
      top,
      line((end) => 1 - end.rolledBack),
    ),
  }
}

type Place = readonly [x: number, y: number]

/** A line that stays where it is until the next time. */
function stepped(places: readonly Place[], first = 'M'): string {
  return places.map(([x, y], i) => (i === 0 ? `${first}${x} ${y}` : `H${x}V${y}`)).join('')
}

function closed(upper: readonly Place[], lower: readonly Place[]): string {
  if (upper.length < 2) return ''
  // Back along the lower line: first down, then to the left, so that it too stays until the next time.
  const back = lower.toReversed().map(([x, y], i, all) => {
    const before = all[i + 1]
    return before === undefined ? `H${x}` : `${i === 0 ? `L${x} ${y}` : `H${x}`}V${before[1]}`
  })
  return `${stepped(upper)}${back.join('')}Z`
}

function xOf(i: number, of: number, { width }: Frame): number {
  return of < 2 ? 0 : round((i / (of - 1)) * width)
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
