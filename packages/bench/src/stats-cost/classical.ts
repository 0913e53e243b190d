import { betaCdf, chiSquareSurvival, compareMeans, mannWhitney, normalQuantile, sampleOfSums } from '@serin/stats'
import { normal, xoshiro } from '@serin/stats/seeded'
import type { Cephes } from './peer.ts'
import { interleavedNs, type Work } from './timing.ts'

/** A classical test or function beside a library that computes the same number. */
export interface ClassicalRow {
  readonly test: string
  readonly serinNs: number
  /** Null when no library computes it, or when the one that does is not installed. */
  readonly peer: string | null
  readonly peerNs: number | null
  /** peerNs / serinNs: above 1 Serin is faster. */
  readonly ratio: number | null
  /** Whether all numbers agree to a billionth; null without a peer. */
  readonly agree: boolean | null
}

interface Pair<Input> {
  readonly test: string
  readonly inputs: readonly Input[]
  readonly serin: (input: Input) => number
  /** Null: no library is known that computes it. */
  readonly peer: ((cephes: Cephes, input: Input) => number) | null
}

/** Welch's t from sums: p-value and interval, as their sum, since both are wanted. */
interface Sums {
  readonly units: number
  readonly sum: number
  readonly sumSquares: number
}
type Arms = readonly [stable: Sums, canary: Sums]

function welch([stable, canary]: Arms): number {
  const reading = compareMeans({ stable: sampleOfSums(stable), canary: sampleOfSums(canary) })
  return reading.ok ? reading.pValue + (reading.low ?? 0) + (reading.high ?? 0) : Number.NaN
}

/** The same from the library's incomplete beta function and its inverse, since its own t takes whole degrees of freedom only. */
function welchOf({ incbet, incbi }: Cephes, arms: Arms): number {
  const [stable, canary] = arms.map(({ units, sum, sumSquares }) => {
    const mean = sum / units
    return { units, mean, variance: (sumSquares - sum * mean) / (units - 1) / units }
  })
  if (!stable || !canary) return Number.NaN
  const square = stable.variance + canary.variance
  const df = square ** 2 / (stable.variance ** 2 / (stable.units - 1) + canary.variance ** 2 / (canary.units - 1))
  const estimate = canary.mean - stable.mean
  const x = incbi(df / 2, 0.5, 0.05)
  const half = Math.sqrt(df * (1 / x - 1) * square)
  return incbet(df / 2, 0.5, df / (df + estimate ** 2 / square)) + (estimate - half) + (estimate + half)
}

const uniform = xoshiro(11)
const armOf = (units: number, mean: number): Sums => {
  const values = Array.from({ length: units }, () => mean + normal(uniform))
  return { units, sum: values.reduce((a, b) => a + b, 0), sumSquares: values.reduce((a, b) => a + b * b, 0) }
}
const valuesOf = (mean: number): readonly number[] => Array.from({ length: 200 }, () => mean + normal(uniform))

const pair = <Input>(of: Pair<Input>): Pair<never> => of as unknown as Pair<never>

const pairs: readonly Pair<never>[] = [
  pair<Arms>({
    test: 'Welch t, p-value and interval',
    inputs: [
      [armOf(50, 0), armOf(30, 0.2)],
      [armOf(5_000, 0), armOf(500, 0.05)],
      [armOf(200, 0), armOf(200, 3)],
    ],
    serin: welch,
    peer: welchOf,
  }),
  pair<readonly [readonly number[], readonly number[]]>({
    test: 'Mann-Whitney, 200 × 200 values, shift and interval',
    inputs: [
      [valuesOf(0), valuesOf(0.1)],
      [valuesOf(0), valuesOf(1)],
    ],
    serin: ([stable, canary]) => {
      const reading = mannWhitney({ stable, canary })
      return reading.ok ? reading.pValue : Number.NaN
    },
    peer: null,
  }),
  pair<number>({
    test: 'normal quantile',
    inputs: [1e-100, 1e-10, 0.001, 0.025, 0.3, 0.975],
    serin: normalQuantile,
    peer: ({ ndtri }, p) => ndtri(p),
  }),
  pair<readonly [number, number]>({
    test: 'chi-square survival',
    inputs: [
      [3.84, 1],
      [100, 1],
      [12, 4],
      [1_400, 4],
      [130, 100],
    ],
    serin: ([x, df]) => chiSquareSurvival(x, df),
    peer: ({ chdtrc }, [x, df]) => chdtrc(df, x),
  }),
  pair<readonly [number, number, number]>({
    test: 'beta distribution function',
    inputs: [
      [0.1, 2, 3],
      [0.001, 5, 2_000],
      [0.295, 300, 700],
      [0.2, 1_000, 1_000],
    ],
    serin: ([x, a, b]) => betaCdf(x, a, b),
    peer: ({ incbet }, [x, a, b]) => incbet(a, b, x),
  }),
]

/** Every input in turn. */
function workOf<Input>(inputs: readonly Input[], call: (input: Input) => number): Work {
  return (calls) => {
    let sum = 0
    for (let i = 0; i < calls; i += 1) sum += call(inputs[i % inputs.length] as Input)
    return sum
  }
}

function rowOf({ test, inputs, serin, peer }: Pair<never>, cephes: Cephes | null, rounds: number): ClassicalRow {
  const calls = inputs.length * (peer === null ? 2 : 200)
  const own = workOf(inputs, serin)
  if (peer === null || cephes === null) {
    const [serinNs = Number.NaN] = interleavedNs([own], { calls, rounds })
    return { test, serinNs, peer: null, peerNs: null, ratio: null, agree: null }
  }
  const other = (input: never): number => peer(cephes, input)
  const [serinNs = Number.NaN, peerNs = Number.NaN] = interleavedNs([own, workOf(inputs, other)], { calls, rounds })
  const agree = inputs.every((input) => Math.abs(other(input) - serin(input)) <= 1e-9 * Math.abs(serin(input)))
  return { test, serinNs, peer: 'cephes', peerNs, ratio: peerNs / serinNs, agree }
}

/** Times every test, beside the library's where there is one. */
export function timeClassical(
  cephes: Cephes | null,
  { rounds, progress }: { readonly rounds: number; readonly progress: (test: string, done: number) => void },
): readonly ClassicalRow[] {
  return pairs.map((each, i) => {
    progress(each.test, i / pairs.length)
    return rowOf(each, cephes, rounds)
  })
}
