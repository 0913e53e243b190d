import { compileRouter, viewOf } from '@serin/core/assignment'
import type { RequestParts, RequestView, Router } from '@serin/core/assignment'
import { headView, Recorder } from '@serin/gateway'
import { quietNs } from '../stats-cost/timing.ts'
import { requests, users } from './load/requests.ts'
import { benchTable } from './parties/table.ts'

/** What a request costs besides its bytes, in ns. */
export interface Decisions {
  /** Eight rules that do not match, an override header that is not there, then the cookie found in the bytes of a head, hashed and given a version. */
  readonly decisionNs: number
  /** A request counted from its assignment to its answer: unit, status, latency, in all tallies. Clocks are not read. */
  readonly recordNs: number
  /** A decision without rules and override header. */
  readonly stickyNs: number
  /** Both decisions of a request that Node's own HTTP has read, as in the full lane. */
  readonly httpDecisionNs: number
  readonly httpStickyNs: number
}

/** Measures the gateway's own router and recorder in this process. */
export function measureDecisions(batches: number): Decisions {
  const table = benchTable({ canary: 1, stable: 2 })
  const [full, sticky] = [compileRouter(table), compileRouter({ ...table, rules: [], overrideHeader: null })]
  // A view is made for each request, as in the gateway. One lane after the other: a gateway has most of its requests in one.
  const heads = requests.map(headView)
  const views = requests.map(partsOf).map((parts) => () => viewOf(parts))
  const lane = quietNs([deciding(sticky, heads), deciding(full, heads), recording(heads)], batches)
  const http = quietNs([deciding(sticky, views), deciding(full, views)], batches)
  const [stickyNs = Number.NaN, decisionNs = Number.NaN, recordNs = Number.NaN] = lane
  const [httpStickyNs = Number.NaN, httpDecisionNs = Number.NaN] = http
  return { decisionNs, recordNs, stickyNs, httpDecisionNs, httpStickyNs }
}

/** The same in whole ns. */
export function rounded(decisions: Decisions): Decisions {
  const { decisionNs, recordNs, stickyNs, httpDecisionNs, httpStickyNs } = decisions
  return {
    decisionNs: Math.round(decisionNs),
    recordNs: Math.round(recordNs),
    stickyNs: Math.round(stickyNs),
    httpDecisionNs: Math.round(httpDecisionNs),
    httpStickyNs: Math.round(httpStickyNs),
  }
}

function deciding(router: Router, views: readonly (() => RequestView)[]): (calls: number) => number {
  return (times) => {
    let ruled = 0
    for (let i = 0; i < times; i += 1) {
      const view = views[i % users]
      if (view !== undefined && router.decide(view(), String).version === 'v2') ruled += 1
    }
    return ruled
  }
}

/** A request as Node's HTTP has it: texts that came out of bytes. */
function partsOf(bytes: Buffer): RequestParts {
  const [line = '', ...lines] = bytes.toString('latin1').trimEnd().split('\r\n')
  const text = (part = ''): string => Buffer.from(part, 'latin1').toString('latin1')
  const headers: Record<string, string> = {}
  for (const each of lines) {
    const [name = '', value] = each.split(': ')
    headers[text(name.toLowerCase())] = text(value)
  }
  return { headers, target: text(line.split(' ')[1]), address: '127.0.0.1' }
}

function recording(views: readonly (() => RequestView)[]): (calls: number) => number {
  const table = benchTable({ canary: 1, stable: 2 })
  let nowMs = 1_000
  const now = (): number => nowMs
  const recorder = new Recorder({ boot: 'bench', clocks: { epochMs: now, steadyMs: now } })
  recorder.change(table)
  const router = compileRouter(table)
  const decisions = views.map((view) => router.decide(view(), String))
  return (times) => {
    for (let i = 0; i < times; i += 1) {
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
