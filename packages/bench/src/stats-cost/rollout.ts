import {
  combineEvidence,
  createAllocation,
  createHarm,
  createRatio,
  createRatioTest,
  createThresholdBank,
  readAllocation,
  readHarm,
  readRatioNonInferiority,
  readRatioTest,
  readThresholdBank,
  updateAllocation,
  updateHarm,
  updateRatio,
  updateRatioTest,
  updateThresholdBank,
  type Updated,
} from '@serin/stats'
import { medianOf } from './timing.ts'
import { baselineOf, secondsOf, type Second } from './traffic.ts'

/** A method at work on one metric: takes in a second, and reads the evidence. */
interface Method {
  readonly update: (second: Second) => void
  readonly read: () => number
  readonly state: () => unknown
}

function folded<State>(
  start: State,
  update: (state: State, second: Second) => Updated<State>,
  read: (state: State) => number,
): Method {
  let state = start
  return {
    update: (second) => {
      const next = update(state, second)
      if (!next.ok) throw new Error(next.message)
      state = next.state
    },
    read: () => read(state),
    state: () => state,
  }
}

function begun<State>(started: Updated<State>): State {
  if (!started.ok) throw new Error(started.message)
  return started.state
}

const margin = 0.25

/** The methods of the package that a rollout uses, with the metrics of fifty that each serves. */
const methods: readonly { readonly name: string; readonly metrics: number; readonly start: () => Method }[] = [
  {
    name: 'errors: harm',
    metrics: 20,
    start: () =>
      folded(
        createHarm(),
        (state, { arrivals }) => updateHarm(state, arrivals),
        (state) => readHarm(state).logE,
      ),
  },
  {
    name: 'errors: within the margin',
    metrics: 20,
    start: () =>
      folded(
        createRatio(),
        (state, { arrivals }) => updateRatio(state, arrivals),
        (state) => readRatioNonInferiority(state, { margin }),
      ),
  },
  {
    name: 'latency: threshold bank',
    metrics: 15,
    start: () =>
      folded(
        begun(createThresholdBank({ baseline: baselineOf(1), margin })),
        (state, { latency }) => updateThresholdBank(state, latency),
        (state) => readThresholdBank(state).logEHarm,
      ),
  },
  {
    name: 'means: ratio test, 256 buckets',
    metrics: 15,
    start: () =>
      folded(
        createRatioTest({ worse: 'up' }),
        (state, { means }) => updateRatioTest(state, means),
        (state) => {
          const reading = readRatioTest(state, { marginRatio: margin })
          return reading.ok ? (reading.logEHarm ?? 0) : 0
        },
      ),
  },
  {
    name: 'sample ratio',
    metrics: 1,
    start: () =>
      folded(
        createAllocation(),
        (state, { units }) => updateAllocation(state, { shares: [0.1, 0.9], counts: units }),
        (state) => {
          const reading = readAllocation(state)
          return reading.ok ? reading.logE : 0
        },
      ),
  },
]

/** One method's part of the cost. */
export interface Part {
  readonly name: string
  readonly metrics: number
  readonly msPerSecond: number
  readonly stateBytes: number
}

/** What a rollout of fifty metrics costs. */
export interface RolloutCost {
  readonly metrics: number
  /** CPU time of the whole process (collecting garbage included) per second of the rollout: the median over stretches of ten seconds. */
  readonly cpuMsPerSecond: number
  /** All states as JSON, which is how they are kept. */
  readonly stateBytes: number
  readonly parts: readonly Part[]
}

const metrics = 50
const stretch = 10

/** Plays seconds of a rollout with fifty metrics: every method takes in each second and is read, then the evidence of all is combined. */
export function measureRollout(seconds: number, progress: (done: number) => void): RolloutCost {
  const pool = secondsOf(61, 7)
  const running = methods.map((method) => ({
    ...method,
    each: Array.from({ length: method.metrics }, method.start),
    ms: [] as number[],
  }))
  const combined: number[] = []
  const stretches: number[] = []
  // A first part is for warming up: the compiler's time is not the rollout's.
  const warm = Math.max(stretch, Math.floor(seconds / 4))
  let cpu = process.cpuUsage()
  for (let at = 0; at < warm + seconds; at += 1) {
    if ((at - warm) % stretch === 0) {
      const { user, system } = process.cpuUsage(cpu)
      if (at > warm) stretches.push((user + system) / 1_000 / stretch)
      progress(at / (warm + seconds))
      cpu = process.cpuUsage()
    }
    const evidence: { name: string; weight: number; logE: number }[] = []
    for (const { name, each, ms } of running) {
      const start = performance.now()
      for (const [i, method] of each.entries()) {
        const second = pool[(at * 7 + i) % pool.length]
        if (second !== undefined) method.update(second)
        evidence.push({ name: `${name} ${i}`, weight: 1, logE: method.read() })
      }
      if (at >= warm) ms.push(performance.now() - start)
    }
    const start = performance.now()
    combineEvidence(evidence)
    if (at >= warm) combined.push(performance.now() - start)
  }
  const parts = running.map(({ name, metrics, each, ms }): Part => {
    const stateBytes = each.reduce((sum, method) => sum + Buffer.byteLength(JSON.stringify(method.state())), 0)
    return { name, metrics, msPerSecond: medianOf(ms), stateBytes }
  })
  parts.push({ name: 'the evidence of all together', metrics: 1, msPerSecond: medianOf(combined), stateBytes: 0 })
  const stateBytes = parts.reduce((sum, part) => sum + part.stateBytes, 0)
  return { metrics, cpuMsPerSecond: medianOf(stretches), stateBytes, parts }
}
