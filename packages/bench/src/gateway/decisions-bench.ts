import { quickEffort } from '../bench.ts'
import type { Bench, BenchOutcome, BenchRequest } from '../bench.ts'
import { measureDecisions, rounded } from './decisions.ts'
import { endWithUs } from './parties/end-with-us.ts'
import { slowerThanRecorded } from './recorded.ts'
import { measureSwitches } from './switches.ts'
import { decisionGoalLines } from './table.ts'

async function run({ effort, progress }: BenchRequest): Promise<BenchOutcome> {
  const quick = effort <= quickEffort
  progress('decisions', 0)
  const decisions = measureDecisions(quick ? 10 : Math.max(200, Math.round(2_000 * effort)))
  progress('changes of weights', 0.5)
  const release = endWithUs()
  const switches = await measureSwitches(quick ? 5 : Math.max(50, Math.round(300 * effort))).finally(release)
  const { applyUs, ackUs, seenUs, stale } = switches
  const us = (value: number): string => value.toFixed(0).padStart(6)
  return {
    json: {
      ...rounded(decisions),
      applyUs: Math.round(applyUs),
      ackUs: Math.round(ackUs),
      seenUs: Math.round(seenUs),
      stale,
    },
    lines: [
      ...decisionGoalLines(decisions),
      '',
      `  ${us(applyUs)}  µs to put a table in force: checked, compiled, swapped`,
      `  ${us(seenUs)}  µs until an answer shows it, the table sent over a kept connection`,
      `  ${us(ackUs)}  µs until it is acknowledged, which is when it is on disk too`,
    ],
    broken: stale === 0 ? [] : [`${stale} requests sent after a change was acknowledged were decided as before it.`],
    warnings: quick ? [] : slowerThanRecorded(decisions),
  }
}

/**
 * What a decision, a record and a change of weights cost, without any proxy:
 * `{"decisionNs","recordNs","stickyNs","httpDecisionNs","httpStickyNs","applyUs","ackUs","seenUs","stale"}`.
 */
export const decisions: Bench = {
  name: 'decisions',
  summary: 'what it costs the gateway to decide and to count a request, and how soon a change of weights is seen',
  run,
}
