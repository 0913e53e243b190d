/** Alternatives (as log odds ratios from the null) and their prior weights, which sum to 1. */
export interface Grid {
  readonly offsets: readonly number[]
  readonly logWeights: readonly number[]
}

/**
 * The named priors over how much worse (or better) the canary is. A name never changes its numbers, because stored
 * states keep only the name: a better prior gets a new name.
 */
export type GridName = 'ratios-24' | 'exponential-64' | 'mirrored-64' | 'focused-67' | 'below-12'

function fromWeights(offsets: readonly number[], weights: readonly number[]): Grid {
  let total = 0
  for (const weight of weights) total += weight
  return { offsets, logWeights: weights.map((weight) => Math.log(weight / total)) }
}

/** Sixteen ratios spread log-log over 1.1..100 and eight log-uniform over 4..800. */
function ratios24(): Grid {
  const offsets: number[] = []
  const weights: number[] = []
  const low = Math.log(Math.log(1.1))
  const high = Math.log(Math.log(100))
  for (let i = 0; i < 16; i += 1) {
    offsets.push(Math.exp(low + ((high - low) * (i + 0.5)) / 16))
    weights.push(0.75 / 16)
  }
  for (let i = 0; i < 8; i += 1) {
    offsets.push(Math.log(4) + (Math.log(200) * (i + 0.5)) / 8)
    weights.push(0.25 / 8)
  }
  return fromWeights(offsets, weights)
}

/** The unit exponential on the log ratio over 64 nodes with geometric edges 0.02..5, the first edge at 0 (A1). */
function exponential64(sign: 1 | -1): Grid {
  const nodes = 64
  const offsets: number[] = []
  const weights: number[] = []
  const edge = (i: number): number => (i === 0 ? 0 : 0.02 * 250 ** (i / nodes))
  for (let i = 0; i < nodes; i += 1) {
    const middle = (edge(i) + edge(i + 1)) / 2
    offsets.push(sign * middle)
    weights.push((edge(i + 1) - edge(i)) * Math.exp(-middle))
  }
  return fromWeights(offsets, weights)
}

/** Odds ratios below an absolute limit, a quarter of the weight on "never happens" (offset -Infinity). */
function below12(): Grid {
  const factors = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
  return fromWeights(
    factors.map(Math.log),
    factors.map((factor) => (factor === 0 ? 0.25 : 0.75 / 11)),
  )
}

const FOCUS = [
  { position: 0.7, weight: 0.2 },
  { position: 1, weight: 0.6 },
  { position: 1.5, weight: 0.2 },
]

/** Grids by their anchor, which is a margin of a plan: few, and asked for every second. */
const focused = new Map<number, Grid>()
const MOST_FOCUSED = 100

/**
 * Half the weight on the mirrored exponential, half near "exactly like stable", which is where most releases are. Against
 * the exponential alone it proves a 10 % margin with 40 % fewer events, a 50 % margin with 25 % fewer (60 seeded runs).
 */
function focused67(anchor: number): Grid {
  const known = focused.get(anchor)
  if (known !== undefined) return known
  const halved = GRIDS['mirrored-64'].logWeights.map((weight) => weight + Math.log(0.5))
  const grid = {
    offsets: [...GRIDS['mirrored-64'].offsets, ...FOCUS.map(({ position }) => -position * anchor)],
    logWeights: [...halved, ...FOCUS.map(({ weight }) => Math.log(0.5 * weight))],
  }
  if (focused.size >= MOST_FOCUSED) focused.clear()
  focused.set(anchor, grid)
  return grid
}

const GRIDS: Readonly<Record<Exclude<GridName, 'focused-67'>, Grid>> = {
  'ratios-24': ratios24(),
  'exponential-64': exponential64(1),
  'mirrored-64': exponential64(-1),
  'below-12': below12(),
}

/** The numbers behind a grid's name; `anchor`, the log ratio of the null's edge, places the focus of the focused one. */
export function gridOf(name: GridName, anchor: number): Grid {
  return name === 'focused-67' ? focused67(anchor) : GRIDS[name]
}
