import { compileRouter } from '@serin/core/assignment'
import { headView } from '@serin/gateway'
import { interleavedNs, quietNs } from '../../stats-cost/timing.ts'
import { requests, users, versions } from '../load/requests.ts'
import { benchTable } from '../parties/table.ts'

/** What a change of weights is made of inside the gateway. */
export interface Swap {
  /** A table with eight rules is made ready, while the one before decides. */
  readonly compileUs: number
  /** The reference is assigned, and the decision that follows obeys it. */
  readonly swapUs: number
}

/** Measures both in this process, on the gateway's own router. */
export function measureSwap(batches: number): Swap {
  const ports = { canary: 1, stable: 2 }
  const tables = [benchTable(ports, 0), benchTable(ports, 10_000)]
  const [compileNs = Number.NaN] = interleavedNs(
    [(calls) => countOf(calls, (i) => compileRouter(tables[i & 1] ?? benchTable(ports)).decide !== undefined)],
    { calls: 50, rounds: 20 },
  )
  const routers = tables.map((table) => compileRouter(table))
  const views = requests.map(headView)
  const inForce = { router: routers[0] }
  const swapping = (calls: number): number =>
    countOf(calls, (i) => {
      inForce.router = routers[i & 1]
      const view = views[i % users]
      return view !== undefined && inForce.router?.decide(view(), String).version === versions.canary
    })
  const [swapNs = Number.NaN] = quietNs([swapping], batches)
  return { compileUs: compileNs / 1_000, swapUs: swapNs / 1_000 }
}

function countOf(calls: number, isSo: (i: number) => boolean): number {
  let count = 0
  for (let i = 0; i < calls; i += 1) if (isSo(i)) count += 1
  return count
}
