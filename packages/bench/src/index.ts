/** Benchmarks: what Serin claims, measured beside others on the same streams. */
export { benches } from './all.ts'
export { quickEffort } from './bench.ts'
export type { Bench, BenchOutcome, BenchRequest } from './bench.ts'
