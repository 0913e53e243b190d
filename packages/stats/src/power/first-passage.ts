/** A test that watches two kinds of events, one of which speaks for its alarm. */
export interface CountTest {
  /** ln of the evidence after `n` events, `toward` of which speak for the alarm; rises with `toward`, falls with the others. */
  readonly evidence: (toward: number, n: number) => number
  /** The alarm is raised when the evidence reaches this. */
  readonly threshold: number
  /** Chance that an event speaks for the alarm. */
  readonly probability: number
  /** No alarm before this many events that speak for it; default 0. */
  readonly leastToward?: number
}

/** When a test stops, counted in events. */
export interface Passage {
  /** `stopped[n]` is P(the alarm comes with event n). */
  readonly stopped: readonly number[]
  /** P(no alarm within all those events). */
  readonly survived: number
}

/** Chances below this are dropped; a million of them are still nothing. */
const NEGLIGIBLE = 1e-18

/**
 * The exact distribution of the alarm by dynamic programming over events: the evidence depends on counts alone, so all that has
 * to be followed is how likely each count is while no alarm was raised. Stops early once an alarm is certain to 1e-9.
 */
export function firstPassage(test: CountTest, maxEvents: number): Passage {
  const { evidence, threshold, probability, leastToward = 0 } = test
  const stopped = [0]
  let chances = new Float64Array(1)
  chances[0] = 1
  let least = 0
  let survived = 1
  // The count that raises the alarm. One more event of the other kind never lowers it, one more of its own raises it by one at most.
  let boundary = Math.max(1, leastToward)
  for (let n = 1; n <= maxEvents && survived > 1e-9; n += 1) {
    while (boundary <= n && evidence(boundary, n) < threshold) boundary += 1
    const next = new Float64Array(Math.min(chances.length + 1, boundary - least))
    for (let i = 0; i < next.length; i += 1) {
      const stays = i < chances.length ? (chances[i] ?? 0) * (1 - probability) : 0
      const rises = i > 0 ? (chances[i - 1] ?? 0) * probability : 0
      next[i] = stays + rises
    }
    // Only the highest count can step over the boundary.
    const top = least + chances.length
    const over = top >= boundary ? (chances[boundary - 1 - least] ?? 0) * probability : 0
    stopped.push(over)
    survived -= over
    let from = 0
    while (from < next.length - 1 && (next[from] ?? 0) < NEGLIGIBLE) from += 1
    let to = next.length
    while (to > from + 1 && (next[to - 1] ?? 0) < NEGLIGIBLE) to -= 1
    chances = next.slice(from, to)
    least += from
  }
  return { stopped, survived: Math.max(0, survived) }
}

/** How a test goes when every event count is what it is on average: a number of events, and how much they vary. */
export interface MeanPath {
  readonly events: number
  readonly deviation: number
}

/**
 * Where the evidence crosses its threshold along the mean path, null when it does not within `most` events. Its rate of growth is
 * the Kullback-Leibler divergence per event, less what the mixture costs; counts that stray from the mean move the crossing by
 * the slope of the evidence in them. For numbers of events too large for the exact distribution.
 */
export function meanPath(test: CountTest, most: number): MeanPath | null {
  const { evidence, threshold, probability } = test
  const along = (n: number): number => evidence(n * probability, n) - threshold
  let high = 1
  while (along(high) < 0) {
    high *= 2
    if (high > most) return null
  }
  let low = high / 2
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2
    if (along(middle) < 0) low = middle
    else high = middle
  }
  const step = 1e-3 * high
  const drift = (along(high + step) - along(high - step)) / (2 * step)
  const at = high * probability
  const slope =
    (evidence(at + step * probability, high) - evidence(at - step * probability, high)) / (2 * step * probability)
  return { events: high, deviation: (slope * Math.sqrt(high * probability * (1 - probability))) / drift }
}
