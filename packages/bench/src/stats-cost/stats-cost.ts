import type { Bench, BenchOutcome, BenchRequest } from '../bench.ts'
import { timeClassical, type ClassicalRow } from './classical.ts'
import { loadCephes } from './peer.ts'
import { measureRollout, type Part, type RolloutCost } from './rollout.ts'

/** A rollout of fifty metrics may cost so much of a processor and of memory. */
const goal = { cpuMsPerSecond: 5, stateBytes: 2_000_000 }

const digits = (value: number): string => value.toPrecision(3)

function partLine({ name, metrics, msPerSecond, stateBytes }: Part): string {
  const perMetric = (1_000 * msPerSecond) / metrics
  return `  ${name.padEnd(32)}${String(metrics).padStart(3)} × ${digits(perMetric).padStart(7)} µs ${(stateBytes / 1_000).toFixed(1).padStart(9)} kB`
}

function classicalLine({ test, serinNs, peer, peerNs, ratio, agree }: ClassicalRow): string {
  const own = `  ${test.padEnd(54)}${digits(serinNs / 1_000).padStart(8)} µs`
  if (peer === null || peerNs === null || ratio === null) return `${own}   (no peer)`
  return `${own}   ${peer} ${digits(peerNs / 1_000)} µs (× ${digits(ratio)})${agree === true ? '' : ', AND THE NUMBERS DIFFER'}`
}

function brokenBy(rollout: RolloutCost, classical: readonly ClassicalRow[]): readonly string[] {
  const { cpuMsPerSecond, stateBytes } = rollout
  return [
    ...(cpuMsPerSecond < goal.cpuMsPerSecond
      ? []
      : [
          `A rollout of 50 metrics costs ${digits(cpuMsPerSecond)} ms of CPU per second, not under ${goal.cpuMsPerSecond}.`,
        ]),
    ...(stateBytes < goal.stateBytes
      ? []
      : [`Its state takes ${digits(stateBytes / 1e6)} MB, not under ${goal.stateBytes / 1e6}.`]),
    ...classical
      .filter(({ agree }) => agree === false)
      .map(({ test, peer }) => `${test}: ${peer} gives other numbers.`),
  ]
}

async function run({ effort, progress }: BenchRequest): Promise<BenchOutcome> {
  const cephes = await loadCephes()
  const rollout = measureRollout(10 * Math.max(2, Math.round(60 * effort)), (done) => progress('rollout', done / 2))
  const classical = timeClassical(cephes, {
    rounds: Math.max(3, Math.round(60 * effort)),
    progress: (test, done) => progress(test, 0.5 + done / 2),
  })
  const { metrics, cpuMsPerSecond, stateBytes } = rollout
  const lines = [
    `A rollout of ${metrics} metrics evaluated each second: ${digits(cpuMsPerSecond)} ms of CPU per second (goal < ${goal.cpuMsPerSecond}), ${digits(stateBytes / 1e6)} MB of state (goal < ${goal.stateBytes / 1e6})`,
    ...rollout.parts.map(partLine),
    '',
    'Classical tests beside cephes (compiled to WebAssembly), which computes the same numbers:',
    ...(cephes === null
      ? ['  NOT COMPARED: the npm package "cephes" is not installed here; these are times of Serin alone.']
      : []),
    ...classical.map(classicalLine),
  ]
  return {
    json: { rollout: { metrics, cpuMsPerSecond, stateBytes }, classical },
    lines,
    broken: brokenBy(rollout, classical),
    warnings: [],
  }
}

/**
 * What the statistics cost: `{"rollout":{"metrics","cpuMsPerSecond","stateBytes"},"classical":[{"test","serinNs","peer","peerNs","ratio","agree"}]}`,
 * `ratio` being peerNs / serinNs.
 */
export const statsCost: Bench = {
  name: 'stats',
  summary: 'CPU and memory of a rollout with 50 metrics, and classical tests beside another library',
  run,
}
