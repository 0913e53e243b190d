import type { Decisions } from './decisions.ts'
import { cpuRatioOf } from './rows.ts'
import type { Row } from './rows.ts'

const columns = ['rps', '× nginx', 'CPU µs', '× nginx', 'busy', '+p50 µs', '+p99 µs', 'RSS MB', 'errors'] as const

/** The table for people; `busy` is how much of one core a proxy had when it was driven as fast as it would go. */
export function tableOf(rows: readonly Row[], busy: ReadonlyMap<string, number>): readonly string[] {
  const cells = rows.map((row) => [
    row.name,
    String(row.rps),
    fixed(row.ratioToNginx, 2),
    fixed(row.cpuUsPerRequest, 1),
    fixed(cpuRatioOf(rows, row.name), 2),
    fixed(busy.get(row.name) ?? null, 2),
    fixed(row.addedP50Us, 0),
    fixed(row.addedP99Us, 0),
    fixed(row.rssMB, 0),
    String(row.errors),
  ])
  const line = ([name = '', ...rest]: readonly string[]): string =>
    `  ${name.padEnd(20)}${rest.map((cell) => cell.padStart(9)).join('')}`
  return [line(['', ...columns]), ...cells.map(line)]
}

/** Each goal with what was measured; a goal of which a part is missing is left out. */
export function goalLines(rows: readonly Row[], decisions: Decisions): readonly string[] {
  const cell = (name: string, key: 'rps' | 'addedP50Us' | 'addedP99Us'): number =>
    rows.find((row) => row.name === name)?.[key] ?? Number.NaN
  // On a busy machine a proxy may look as if it added less than nothing: that has no ratio.
  const ratio = (key: Parameters<typeof cell>[1], name: string, other: string): number =>
    cell(name, key) > 0 && cell(other, key) > 0 ? cell(name, key) / cell(other, key) : Number.NaN
  return judged([
    ['throughput of nginx with one worker', ratio('rps', 'serin', 'nginx'), '≥', 1.1],
    ['CPU per request of nginx', 1 / (cpuRatioOf(rows, 'serin') ?? Number.NaN), '≤', 0.92],
    ['throughput of nginx, with pipelining', ratio('rps', 'serin-pipelining', 'nginx'), '≥', 1.9],
    ['throughput of nginx, public API alone', ratio('rps', 'serin-net', 'nginx'), '≥', 0.65],
    ['throughput of http-proxy-3', ratio('rps', 'serin', 'http-proxy-3'), '≥', 7],
    ['throughput of @fastify/reply-from', ratio('rps', 'serin', '@fastify/reply-from'), '≥', 6],
    ['throughput of fast-proxy', ratio('rps', 'serin', 'fast-proxy'), '≥', 5.5],
    ['added median latency of nginx', ratio('addedP50Us', 'serin', 'nginx'), '≤', 1.05],
    ['added p99 latency of nginx', ratio('addedP99Us', 'serin', 'nginx'), '≤', 1.2],
    ...goalsOf(decisions),
  ])
}

/** The goals of decisions alone. */
export function decisionGoalLines(decisions: Decisions): readonly string[] {
  return judged(goalsOf(decisions))
}

/** What was measured of something, and what it should be. */
export type Goal = readonly [what: string, value: number, is: '≥' | '≤', goal: number]

/** Whether all of it could be measured. */
export function isKnown([, value]: Goal): boolean {
  return Number.isFinite(value)
}

/** Whether it is as it should be. */
export function isMet([, value, is, goal]: Goal): boolean {
  return is === '≥' ? value >= goal : value <= goal
}

function goalsOf({ stickyNs, decisionNs, recordNs, httpStickyNs, httpDecisionNs }: Decisions): readonly Goal[] {
  return [
    ['ns for a sticky decision', stickyNs, '≤', 60],
    ['ns for a decision with 8 rules', decisionNs, '≤', 300],
    ['ns for a sticky decision in the full lane', httpStickyNs, '≤', 60],
    ['ns for a decision with 8 rules in the full lane', httpDecisionNs, '≤', 300],
    ['ns to record a request', recordNs, '≤', 20],
  ]
}

/** A line for each goal. */
export function judged(goals: readonly Goal[]): readonly string[] {
  return goals.filter(isKnown).map((each) => {
    const [what, value, is, goal] = each
    return `  ${isMet(each) ? '✔' : '✘'} ${textOf(value).padStart(6)}  ${what} (goal ${is} ${goal})`
  })
}

/** As exact as a goal, which it may just miss. */
function textOf(value: number): string {
  return value < 1_000 ? value.toPrecision(4) : value.toFixed(0)
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits)
}
