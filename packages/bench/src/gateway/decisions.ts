import { compileRouter, viewOf } from '@serin/core/assignment'
import { Recorder } from '@serin/gateway'
import { interleavedNs } from '../stats-cost/timing.ts'
import { unitCookie, unitOf, users } from './load/requests.ts'
import { benchTable } from './parties/table.ts'

/** What a request costs besides its bytes, in ns. */
export interface Decisions {
  /** The cookie found, hashed and given a version. */
  readonly stickyNs: number
  /** The same with eight rules that do not match, and an override header that is not there. */
  readonly decisionNs: number
  /** A request counted from its assignment to its answer: unit, status, latency, in all tallies. Clocks are not read. */
  readonly recordNs: number
}

/** CPU time of this thread: what neighbours take does not count. */
function threadNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1_000
}

/** Measures the gateway's own router and recorder in this process. */
export function measureDecisions(rounds: number): Decisions {
  const table = benchTable({ canary: 1, stable: 2 })
  const [full, sticky] = [compileRouter(table), compileRouter({ ...table, rules: [], overrideHeader: null })]
  const views = Array.from({ length: users }, (_, user) => {
    const headers: Readonly<Record<string, string>> = {
      host: 'shop.example',
      accept: 'text/html',
      cookie: `theme=dark; ${unitCookie}=${unitOf(user)}; consent=1`,
    }
    return { headers, target: '/products/list?page=2', address: '127.0.0.1' }
  })
  // A view is made for each request, as in the gateway.
  const decided =
    (router: typeof full) =>
    (calls: number): number => {
      let canary = 0
      for (let i = 0; i < calls; i += 1) {
        const parts = views[i % users]
        if (parts !== undefined && router.decide(viewOf(parts), String).version === table.canary) canary += 1
      }
      return canary
    }
  const [stickyNs = Number.NaN, decisionNs = Number.NaN, recordNs = Number.NaN] = interleavedNs(
    [decided(sticky), decided(full), recording()],
    { calls: 50_000, rounds, clockNs: threadNs },
  )
  return { stickyNs, decisionNs, recordNs }
}

function recording(): (calls: number) => number {
  const table = benchTable({ canary: 1, stable: 2 })
  let nowMs = 1_000
  const now = (): number => nowMs
  const recorder = new Recorder({ boot: 'bench', clocks: { epochMs: now, steadyMs: now } })
  recorder.change(table)
  const router = compileRouter(table)
  const decisions = Array.from({ length: users }, (_, user) =>
    router.decide(viewOf({ headers: { cookie: `${unitCookie}=${unitOf(user)}` }, target: '/', address: '' }), String),
  )
  return (calls) => {
    for (let i = 0; i < calls; i += 1) {
      const decision = decisions[i % users]
      if (decision === undefined) continue
      const ticket = recorder.start(decision)
      nowMs += (i & 15) / 8
      recorder.answered(ticket, 200, true)
      recorder.left(ticket)
    }
    return recorder.units.known
  }
}
