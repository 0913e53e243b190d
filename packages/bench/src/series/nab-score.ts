/** A labelled window: indices of its first and last point. */
export interface Window {
  readonly first: number
  readonly last: number
}

/** What a detector said about one series: a score 0..1 per point. */
export interface Scored {
  readonly scores: readonly number[]
  readonly windows: readonly Window[]
}

/** The standard profile of the Numenta Anomaly Benchmark. */
const PROFILE = { truePositive: 1, falseNegative: 1, falsePositive: 0.11 }

/** Points at the beginning that are not judged: 15 %, of at most 5000 points. */
export function probation(points: number): number {
  return Math.floor(0.15 * Math.min(points, 5000))
}

/** NAB's scaled sigmoid: near 1 a window before its end, 0 at it, near -1 long after. */
export function sigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1
}

/** The weight of an alarm at a point: positive inside a window (early is more), negative outside. */
function weightAt(i: number, windows: readonly Window[]): { readonly window: Window | null; readonly weight: number } {
  const inside = windows.find(({ first, last }) => i >= first && i <= last)
  if (inside) {
    const length = inside.last - inside.first + 1
    const weight = (PROFILE.truePositive * sigmoid(-(inside.last - i + 1) / length)) / sigmoid(-1)
    return { window: inside, weight }
  }
  const before = windows.findLast(({ last }) => last < i)
  if (!before) return { window: null, weight: -PROFILE.falsePositive }
  const width = before.last - before.first
  return { window: null, weight: PROFILE.falsePositive * sigmoid((i - before.last) / Math.max(1, width)) }
}

/** The raw score of a series at a threshold: the earliest alarm of each window counts, every false one costs. */
export function rawScore({ scores, windows }: Scored, threshold: number): number {
  let raw = 0
  const found = new Set<Window>()
  for (let i = probation(scores.length); i < scores.length; i += 1) {
    if (!((scores[i] ?? 0) >= threshold)) continue
    const { window, weight } = weightAt(i, windows)
    if (window && found.has(window)) continue
    if (window) found.add(window)
    raw += weight
  }
  return raw - PROFILE.falseNegative * (windows.length - found.size)
}

/** 100 for a detector that finds each window at its first point and nothing else, 0 for one that says nothing. */
export function normalised(raw: number, windows: number): number {
  const silent = -PROFILE.falseNegative * windows
  return (100 * (raw - silent)) / (PROFILE.truePositive * windows - silent)
}

/** The threshold that is best for all series together, and the raw scores there: what NAB's optimiser looks for. */
export function bestThreshold(all: readonly Scored[]): { readonly threshold: number; readonly raw: readonly number[] } {
  const steps = sweep(all)
  let total = all.reduce((sum, { windows }) => sum - PROFILE.falseNegative * windows.length, 0)
  let best = { threshold: Infinity, total }
  const found = new Map<Window, { at: number; weight: number }>()
  for (const [i, { score, at, window, weight }] of steps.entries()) {
    if (window === null) total += weight
    else {
      const earlier = found.get(window)
      if (earlier === undefined) total += weight + PROFILE.falseNegative
      else if (at < earlier.at) total += weight - earlier.weight
      if (earlier === undefined || at < earlier.at) found.set(window, { at, weight })
    }
    // Points of equal score alarm together.
    if (steps[i + 1]?.score !== score && total > best.total) best = { threshold: score, total }
  }
  return { threshold: best.threshold, raw: all.map((scored) => rawScore(scored, best.threshold)) }
}

/** Every point that may alarm, the highest score first. */
function sweep(all: readonly Scored[]) {
  return all
    .flatMap(({ scores, windows }) => {
      const from = probation(scores.length)
      return scores.slice(from).map((score, i) => ({ score, at: from + i, ...weightAt(from + i, windows) }))
    })
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
}
