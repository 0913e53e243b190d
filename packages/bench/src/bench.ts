/** The effort of a run that shows within seconds that everything works; its numbers mean little. */
export const quickEffort = 0.01

/** What a benchmark was asked for. */
export interface BenchRequest {
  /** How much is done: 1 is the full measure, less is a fraction of the runs (at least a few). */
  readonly effort: number
  /** Told now and then what is being measured, and how far it is, 0..1. */
  readonly progress: (what: string, done: number) => void
}

/** What came out. */
export interface BenchOutcome {
  /** For programs: one object, its shape documented by the benchmark. */
  readonly json: object
  /** For people: a table, line by line. */
  readonly lines: readonly string[]
  /** Promises that were not kept, a sentence each; empty when all were. */
  readonly broken: readonly string[]
  /** What else whoever reads the numbers must know, a sentence each. */
  readonly warnings: readonly string[]
}

/** A measurement that anybody can repeat. */
export interface Bench {
  readonly name: string
  readonly summary: string
  readonly run: (request: BenchRequest) => Promise<BenchOutcome>
}
