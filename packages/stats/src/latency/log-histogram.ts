import { insufficient, invalid, isCount } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'

const GAMMA = 1.02
const MIN_MS = 0.001
const MAX_MS = 1_000_000

/** Upper edges in ms: bin 0 ends at 1 us, each bin is 2 % wide, the bin after the last edge takes all that is slower. */
const EDGES: readonly number[] = (() => {
  const edges: number[] = []
  for (let i = 0; ; i += 1) {
    const edge = MIN_MS * GAMMA ** i
    edges.push(Math.min(edge, MAX_MS))
    if (edge >= MAX_MS) return edges
  }
})()

/** Number of bins, the overflow bin included. */
export const BIN_COUNT = EDGES.length + 1
const OVERFLOW = EDGES.length

/** A latency histogram as it is stored and sent: non-empty bins only, in rising order. Merging is adding. */
export interface LogHistogram {
  readonly scheme: 'log-1.02'
  readonly bins: readonly (readonly [bin: number, count: number])[]
}

/** The upper half of a double holds its exponent and the first twenty bits of its mantissa. */
const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)
double[0] = 1
const upper = halves[1] === 0 ? 0 : 1
/** 64 cells per doubling, each narrower than a bin: in each lies one edge at most. */
const cellShift = 14

function cellOf(ms: number): number {
  double[0] = ms
  return (halves[upper] ?? 0) >>> cellShift
}

const firstCell = cellOf(MIN_MS)
/** The bin in which each cell begins. */
const bins = Uint16Array.from({ length: cellOf(MAX_MS) - firstCell + 1 }, (_, cell) => {
  halves[upper] = (firstCell + cell) << cellShift
  halves[1 - upper] = 0
  const [startMs = 0] = double
  const bin = EDGES.findIndex((edge) => startMs <= edge)
  return bin < 0 ? OVERFLOW : bin
})

/** The bin of a latency in ms: bin i holds upperEdgeMs(i - 1) < ms <= upperEdgeMs(i). Slower than 1000 s is the last bin. */
export function binOf(ms: number): number {
  if (!(ms > MIN_MS)) return 0
  if (ms > MAX_MS) return OVERFLOW
  const bin = bins[cellOf(ms) - firstCell] ?? OVERFLOW
  return ms > (EDGES[bin] ?? Infinity) ? bin + 1 : bin
}

/** The upper edge of a bin in ms, which belongs to the bin; Infinity for the overflow bin. */
export function upperEdgeMs(bin: number): number {
  if (!Number.isInteger(bin) || bin < 0 || bin > OVERFLOW) throw new RangeError(`There is no latency bin ${bin}`)
  return EDGES[bin] ?? Infinity
}

/** A histogram without observations. */
export function emptyHistogram(): LogHistogram {
  return { scheme: 'log-1.02', bins: [] }
}

/** A dense accumulator for hot paths: one count per bin, mutated by recordMs and owned by its caller. */
export function createDense(): number[] {
  return Array.from({ length: BIN_COUNT }, () => 0)
}

/** Adds an observation to a dense accumulator in place; false (and nothing counted) if it is negative or not a number. */
export function recordMs(dense: number[], ms: number, count = 1): boolean {
  if (!(ms >= 0) || !isCount(count)) return false
  const bin = binOf(ms)
  dense[bin] = (dense[bin] ?? 0) + count
  return true
}

/** The stored form of a dense accumulator. */
export function toSparse(dense: readonly number[]): LogHistogram {
  const bins: (readonly [number, number])[] = []
  for (const [bin, count] of dense.entries()) if (count > 0) bins.push([bin, count])
  return { scheme: 'log-1.02', bins }
}

/** The dense form of a stored histogram, or why it is not one. */
export function toDense(histogram: LogHistogram): Updated<number[]> {
  const refusal = checkHistogram(histogram)
  if (refusal) return refusal
  const dense = createDense()
  for (const [bin, count] of histogram.bins) dense[bin] = count
  return { ok: true, state: dense }
}

/** Refuses a histogram of another geometry, with bins out of order or range, or with counts that are not counts. */
export function checkHistogram(histogram: LogHistogram): Refusal | null {
  if (histogram.scheme !== 'log-1.02') return invalid(`Unknown histogram scheme ${String(histogram.scheme)}.`)
  let previous = -1
  for (const [bin, count] of histogram.bins) {
    if (!Number.isInteger(bin) || bin <= previous || bin > OVERFLOW)
      return invalid(`Bin ${bin} is out of order or range.`)
    if (!isCount(count)) return invalid(`Bin ${bin} has the count ${count}.`)
    previous = bin
  }
  return null
}

/** A histogram of the latencies given in ms; values that are negative or not numbers are left out. */
export function histogramOf(latenciesMs: Iterable<number>): LogHistogram {
  const dense = createDense()
  for (const ms of latenciesMs) recordMs(dense, ms)
  return toSparse(dense)
}

/** The union of two histograms: counts add, in any order and grouping with the same result (for whole counts). */
export function mergeHistograms(left: LogHistogram, right: LogHistogram): LogHistogram {
  const bins: (readonly [number, number])[] = []
  let i = 0
  let j = 0
  while (i < left.bins.length || j < right.bins.length) {
    const a = left.bins[i]
    const b = right.bins[j]
    if (a && (!b || a[0] < b[0])) {
      bins.push(a)
      i += 1
    } else if (b && (!a || b[0] < a[0])) {
      bins.push(b)
      j += 1
    } else if (a && b) {
      bins.push([a[0], a[1] + b[1]])
      i += 1
      j += 1
    }
  }
  return { scheme: 'log-1.02', bins }
}

/** How many observations there are. */
export function histogramCount(histogram: LogHistogram): number {
  let total = 0
  for (const [, count] of histogram.bins) total += count
  return total
}

/** How many observations are above the upper edge of a bin: exact, because it cuts at an edge. */
export function countAbove(histogram: LogHistogram, cutBin: number): number {
  let total = 0
  for (const [bin, count] of histogram.bins) if (bin > cutBin) total += count
  return total
}

/** Where a quantile lies; `estimateMs` is within 1 % of the sample quantile unless it is censored. */
export interface QuantileReading {
  readonly ok: true
  readonly bin: number
  readonly lowerMs: number
  readonly upperMs: number
  readonly estimateMs: number
  /** True when the quantile is slower than the histogram can tell (1000 s); the edges are then that limit. */
  readonly censored: boolean
}

/** The bracket of the q-quantile, 0 < q < 1; `insufficient` without observations. */
export function histogramQuantile(histogram: LogHistogram, q: number): QuantileReading | Refusal {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile must be within 0..1, got ${q}`)
  const total = histogramCount(histogram)
  if (!(total > 0)) return insufficient('The histogram is empty.')
  const rank = Math.max(q * total, Number.MIN_VALUE)
  let seen = 0
  let bin = 0
  for (const [at, count] of histogram.bins) {
    if (count === 0) continue
    seen += count
    bin = at
    if (seen >= rank) break
  }
  const censored = bin === OVERFLOW
  const lowerMs = bin === 0 ? 0 : (EDGES[bin - 1] ?? MAX_MS)
  const upperMs = EDGES[bin] ?? MAX_MS
  return { ok: true, bin, lowerMs, upperMs, estimateMs: middleMs(bin), censored }
}

function middleMs(bin: number): number {
  if (bin === 0) return MIN_MS
  if (bin === OVERFLOW) return MAX_MS
  return Math.sqrt((EDGES[bin - 1] ?? 0) * (EDGES[bin] ?? 0))
}

/** The mean latency from bin middles, within 1 % (censored observations count as 1000 s). */
export function histogramMeanMs(histogram: LogHistogram): number | null {
  const total = histogramCount(histogram)
  if (!(total > 0)) return null
  let sum = 0
  for (const [bin, count] of histogram.bins) sum += middleMs(bin) * count
  return sum / total
}
