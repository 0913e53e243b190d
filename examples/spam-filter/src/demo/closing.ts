import { table, type Column, type Paper } from '@serin/cli/view'
import type { Result } from './chapter.ts'

const columns: readonly Column<Result>[] = [
  { title: 'version', text: ({ chapter }) => chapter.version },
  { title: 'outcome', text: ({ rollout }) => (rollout.phase === 'promoted' ? '● promoted' : '■ rolled back') },
  { title: 'users exposed', align: 'right', text: ({ rollout }) => rollout.exposedUnits.toLocaleString('en') },
  { title: 'to verdict', align: 'right', text: ({ secondsToVerdict }) => `${secondsToVerdict.toFixed(1)} s` },
  { title: 'switch', align: 'right', text: ({ switchMs }) => `${Math.round(switchMs)} ms` },
  { title: 'failed', align: 'right', text: ({ failures }) => String(failures) },
  { title: 'accuracy', text: (result) => `${percent(result.accuracyBefore)} → ${percent(result.accuracyAfter)}` },
]

/** The closing table. */
export function closingLines(results: readonly Result[], clientFailures: number, paper: Paper): readonly string[] {
  return [
    ...table(columns, results, paper),
    '',
    'switch: from the deciding evidence to the last request that reached the version left behind, by the',
    'gateway’s own log. failed: requests that failed for the users, counted by them.',
    `Failed during the whole demo: ${clientFailures}.`,
  ]
}

/** The result for programs: one line. */
export function resultJson(results: readonly Result[], clientFailures: number): string {
  const rollouts = results.map(({ chapter, rollout, secondsToVerdict, switchMs }) => ({
    version: chapter.version,
    outcome: rollout.phase,
    exposedUsers: rollout.exposedUnits,
    secondsToVerdict,
    switchMs,
    verdict: rollout.judgement?.sentence ?? rollout.sentence,
  }))
  return JSON.stringify({ rollouts, clientFailures })
}

function percent(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} %`
}
