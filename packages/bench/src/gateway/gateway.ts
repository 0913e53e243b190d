import { quickEffort } from '../bench.ts'
import type { Bench, BenchOutcome, BenchRequest } from '../bench.ts'
import { medianOf } from '../stats-cost/timing.ts'
import { measureDecisions, rounded } from './decisions.ts'
import { openLoad } from './load/process.ts'
import { loadNow, machineAfter, machineLine } from './machine.ts'
import { contenders } from './parties/all.ts'
import { endWithUs } from './parties/end-with-us.ts'
import { OpenParties } from './parties/open-parties.ts'
import { rssMBOf } from './process-cost.ts'
import { regressionsOf, slowerThanRecorded } from './recorded.ts'
import { takeTurns } from './rounds.ts'
import type { Measure, Seen } from './rounds.ts'
import { rowsOf } from './rows.ts'
import type { Row } from './rows.ts'
import { goalLines, tableOf } from './table.ts'

const shape = { connections: 64, pacedConnections: 16, perSecond: 1_000 }

/** The full measure takes minutes, the quick one seconds: that one shows that it works, and no speeds. */
function measureOf(effort: number): Measure {
  if (effort <= quickEffort) return { ...shape, rounds: 1, roundMs: 150, warmMs: 50 }
  return { ...shape, rounds: Math.max(3, Math.round(9 * effort)), roundMs: 1_500, warmMs: 4_000 }
}

async function run({ effort, progress }: BenchRequest): Promise<BenchOutcome> {
  const loadBefore = loadNow()
  const measure = measureOf(effort)
  progress('starting', 0)
  const release = endWithUs()
  const load = await openLoad()
  const open = new OpenParties(load.upstreams)
  try {
    const parties = await open.these(contenders)
    const seen = await takeTurns(load, parties, { ...measure, progress })
    const rssMB = await Promise.all(parties.map(async ({ pid }) => await rssMBOf(pid)))
    const observed = parties.map(({ name }, i) => ({ name, ...seenOf(seen, i), rssMB: rssMB[i] ?? Number.NaN }))
    const busy = new Map(observed.map(({ name, full }) => [name, medianOf(full.map((round) => round.busy))]))
    const quick = effort <= quickEffort
    return outcomeOf(rowsOf(observed), { measure, busy, absent: open.absent, loadBefore, quick })
  } finally {
    await open.close()
    await load.close()
    release()
  }
}

const seenOf = ({ full, paced }: Seen, i: number): { full: Seen['full'][number]; paced: Seen['paced'][number] } => ({
  full: full[i] ?? [],
  paced: paced[i] ?? [],
})

function outcomeOf(
  rows: readonly Row[],
  more: {
    readonly measure: Measure
    readonly busy: ReadonlyMap<string, number>
    readonly absent: readonly string[]
    readonly loadBefore: number
    readonly quick: boolean
  },
): BenchOutcome {
  const { measure, quick } = more
  const decisions = measureDecisions(quick ? 10 : 1_000)
  const machine = machineAfter(more.loadBefore)
  const lines = [
    `${measure.connections} connections, answers of 13 bytes, ${measure.rounds} rounds of ${measure.roundMs / 1_000} s in turns, medians; latency at ${measure.perSecond} requests per second beyond that without a proxy.`,
    machineLine(machine),
    '',
    ...tableOf(rows, more.busy),
    '',
    ...(quick ? ['A quick run shows that it works; its numbers mean nothing.'] : goalLines(rows, decisions)),
  ]
  return {
    json: { rows, ...rounded(decisions), machine },
    lines,
    broken: rows.filter(({ errors }) => errors > 0).map(({ name, errors }) => `${name} gave ${errors} wrong answers.`),
    warnings: [...more.absent, ...(quick ? [] : [...regressionsOf(rows), ...slowerThanRecorded(decisions)])],
  }
}

/**
 * The gateway beside nginx, HAProxy and the proxies on Node:
 * `{"rows":[{"name","rps","ratioToNginx","cpuUsPerRequest","addedP50Us","addedP99Us","rssMB","errors"}],"decisionNs","recordNs","stickyNs","httpDecisionNs","httpStickyNs","machine"}`.
 */
export const gateway: Bench = {
  name: 'gateway',
  summary: 'throughput, latency, CPU and memory of the gateway beside nginx, HAProxy and proxies on Node',
  run,
}
