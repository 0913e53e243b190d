import { formatDuration, formatWeight, type ReleasePlan, type ReleasePlanStep } from '@serin/spec'
import { count, figure } from './figures.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'
import { wrapText } from './text.ts'

/** What a release would do, for a terminal. */
export function planLines(plan: ReleasePlan, paper: Paper): readonly string[] {
  return [
    ...wrapText(headline(plan), paper.width),
    '',
    ...table(columnsOf(plan), plan.steps, paper),
    '',
    ...sentencesOf(plan).flatMap((sentence) => wrapText(sentence, paper.width)),
  ]
}

/** The same as Markdown, to post on a pull request. */
export function planMarkdown(plan: ReleasePlan): readonly string[] {
  const columns = columnsOf(plan)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    `**${headline(plan)}**`,
    '',
    line(columns.map(({ title }) => title)),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...plan.steps.map((step) => line(columns.map(({ text }) => text(step)))),
    '',
    ...sentencesOf(plan).map((sentence) => `- ${sentence}`),
  ]
}

function headline({ service, stable, canary, strategy, requestsPerSecond, errorPercent }: ReleasePlan): string {
  return `${service}: ${stable} → ${canary} (${strategy}), at ${figure(requestsPerSecond)} requests per second of which ${figure(errorPercent)} % fail on ${stable}.`
}

const unknown = '–'
const time = (ms: number | null): string => (ms === null ? 'not by itself' : ms === 0 ? 'at once' : rough(ms))

/** Two units at most: a forecast is no timetable. */
function rough(ms: number): string {
  const unit = ms >= 86_400_000 ? 3_600_000 : ms >= 600_000 ? 60_000 : 1_000
  return formatDuration(Math.max(unit, Math.round(ms / unit) * unit))
}

const waits = (needs: readonly string[]): string =>
  needs.length === 0 ? unknown : needs.length === 1 ? (needs[0]?.split(': ')[0] ?? unknown) : `${needs.length} things`

function columnsOf({ users, steps }: ReleasePlan): readonly Column<ReleasePlanStep>[] {
  const isNamed = steps.some(({ name }) => name !== undefined)
  return [
    ...(isNamed ? [{ title: 'step', text: ({ name }: ReleasePlanStep) => name ?? unknown }] : []),
    { title: 'share', align: 'right', text: ({ weightBp }) => formatWeight(weightBp) },
    { title: 'earliest', align: 'right', text: ({ earliestMs }) => time(earliestMs) },
    { title: 'likely', align: 'right', text: ({ likelyMs }) => time(likelyMs) },
    { title: 'waits for', text: ({ needs }) => waits(needs), drop: 2 },
    ...(users === null
      ? []
      : [
          {
            title: 'users',
            align: 'right' as const,
            text: ({ exposedUsers }: ReleasePlanStep) => (exposedUsers === null ? unknown : count(exposedUsers)),
          },
        ]),
    {
      title: 'requests',
      align: 'right',
      text: ({ requestsHere }) => (requestsHere === null ? unknown : count(requestsHere)),
      drop: 3,
    },
    {
      title: 'doubled errors seen',
      align: 'right',
      text: ({ doubledErrors: { foundHere } }) => (foundHere === null ? unknown : `${(100 * foundHere).toFixed(0)} %`),
    },
    {
      title: 'in',
      align: 'right',
      text: ({ doubledErrors: { likelyMs } }) => (likelyMs === null ? unknown : rough(likelyMs)),
      drop: 1,
    },
    {
      title: 'smallest seen',
      align: 'right',
      text: ({ smallestFound }) => (smallestFound === null ? unknown : `× ${figure(smallestFound)}`),
      drop: 4,
    },
  ]
}

function sentencesOf(plan: ReleasePlan): readonly string[] {
  const { canary, promoted, steps, falseRollbackPercent, notForecast, errorPercent } = plan
  const first = steps.find(({ likelyMs }) => likelyMs !== null)
  const doubled = first?.doubledErrors
  const waiting = steps.flatMap(({ name, needs }, at) =>
    needs.length === 0
      ? []
      : [`Step ${at + 1}${name === undefined ? '' : ` (${name})`} waits for ${needs.join('; ')}.`],
  )
  return [
    ...waiting,
    promoted.likelyMs === null
      ? `A ${canary} that behaves as stable is not promoted by itself at this traffic: the evidence does not come within a step's deadline.`
      : `A ${canary} that behaves as stable is promoted after ${rough(promoted.earliestMs)} at the earliest, likely after ${rough(promoted.likelyMs)}, when it has answered about ${count(promoted.canaryRequests)} requests.`,
    ...(doubled?.likelyMs == null || doubled.p95Ms === null || first === undefined
      ? errorPercent === 0
        ? [
            'Stable does not fail, so any ratio of nothing is nothing: three users who meet a failure on the canary can be enough to go back.',
          ]
        : []
      : [
          `If its errors double, at ${formatWeight(first.weightBp)} that is found within ${rough(doubled.likelyMs)} in half of all releases and within ${rough(doubled.p95Ms)} in 95 %; until then about ${figure(doubled.cost ?? 0)} requests fail that would not have failed on stable.`,
        ]),
    `A harmless version is rolled back with probability ${figure(falseRollbackPercent)} % at most.`,
    ...(notForecast.length === 0
      ? []
      : [
          `Not forecast, and perhaps slower: ${notForecast.join(', ')}. Requests are taken as users of their own; users who come back make it slower, too.`,
        ]),
  ]
}
