import { mostAllowed } from './budget.ts'
import type { Outcome, Scenario } from './scenario.ts'
import { replayCommand } from './simulate.ts'

/** The default budget of the release file: how often a healthy version may be rolled back. */
export const falseRollbackRatio = 0.01

/** What many rollouts of one world came to. */
export interface WorldReport {
  readonly world: string
  readonly runs: number
  readonly ends: Readonly<Record<string, number>>
  /** Healthy versions that were rolled back for harm, and how many may be. */
  readonly falseRollbacks: number
  readonly allowed: number
  readonly medianDecisionS: number | null
  readonly failures: readonly Failure[]
}

/** A rollout that broke a promise, and how to see it again. */
export interface Failure {
  readonly seed: number
  readonly what: readonly string[]
  readonly replay: string
}

/** Judges the rollouts of a world: each by itself, and false rollbacks by their budget. */
export function reportOf(scenario: Scenario, outcomes: readonly Outcome[]): WorldReport {
  const isFalse = ({ end, reason }: Outcome) => scenario.healthy && end === 'rolled-back' && reason === 'harmful'
  const falseRollbacks = outcomes.filter(isFalse).length
  const allowed = mostAllowed(outcomes.length, falseRollbackRatio)
  const overBudget = falseRollbacks > allowed
  const promoted = outcomes.filter(({ end }) => end === 'promoted').length
  const mayPass = promoted <= mostAllowed(outcomes.length, scenario.falsePromotionRatio ?? 0)
  const failures = outcomes.flatMap((outcome): Failure[] => {
    const unexpected = outcome.end === 'promoted' && !scenario.healthy && mayPass ? null : scenario.expect(outcome)
    const what = [
      ...outcome.violations,
      ...(unexpected === null ? [] : [unexpected]),
      ...(overBudget && isFalse(outcome)
        ? [`a healthy version was rolled back, ${falseRollbacks} of ${outcomes.length} times (${outcome.sentence})`]
        : []),
    ]
    return what.length === 0 ? [] : [{ seed: outcome.seed, what, replay: replayCommand(outcome) }]
  })
  const ends: Record<string, number> = {}
  for (const { end, reason } of outcomes) {
    const name = reason === null ? end : `${end} (${reason})`
    ends[name] = (ends[name] ?? 0) + 1
  }
  const decisions = outcomes.flatMap(({ decidedAfterMs }) => (decidedAfterMs === null ? [] : [decidedAfterMs]))
  decisions.sort((a, b) => a - b)
  const median = decisions[decisions.length >> 1]
  return {
    world: scenario.name,
    runs: outcomes.length,
    ends,
    falseRollbacks,
    allowed,
    medianDecisionS: median === undefined ? null : Math.round(median / 1_000),
    failures,
  }
}

/** A world's report in lines for people. */
export function reportText(report: WorldReport, promise: string): string {
  const ends = Object.entries(report.ends)
    .sort(([, a], [, b]) => b - a)
    .map(([end, count]) => `${count} ${end}`)
    .join(', ')
  const median = report.medianDecisionS === null ? '' : `; decided after ${report.medianDecisionS} s (median)`
  const budget =
    report.falseRollbacks === 0
      ? ''
      : `; false rollbacks ${report.falseRollbacks} (at most ${report.allowed} by chance)`
  return [
    `${report.failures.length === 0 ? 'ok  ' : 'FAIL'} ${report.world.padEnd(22)} ${ends}${median}${budget}`,
    ...(report.failures.length === 0 ? [] : [`     promised: ${promise}`]),
    ...report.failures.flatMap(({ seed, what, replay }) => [
      ...what.map((each) => `     seed ${seed}: ${each}`),
      `     replay: ${replay}`,
    ]),
  ].join('\n')
}
