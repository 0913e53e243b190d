/** How much of the full measure is played. */
export interface Measure {
  readonly effort: number
  /** Level of the whole set: the chance, at most, that a harmless canary is rolled back. */
  readonly alpha: number
}

/** So many runs at full effort, fewer at less, but at least four. */
export function runsOf(full: number, { effort }: Measure): number {
  return Math.max(4, Math.round(full * effort))
}
