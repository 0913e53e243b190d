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

/** A cell has room for this. */
const mostWaits = 32

/** What a step waits for in short, with the names of its gates alone; when even that is too long, how many they are. */
function waits(needs: readonly string[]): string {
  const short = needs.map((need) => need.split(': ')[0] ?? need).join(', ')
  if (short === '') return unknown
  return short.length <= mostWaits ? short : needs.length === 1 ? 'see below' : `${needs.length} things`
}

/** Columns in which no step has anything to say are left out. */
function columnsOf(plan: ReleasePlan): readonly Column<ReleasePlanStep>[] {
  const { steps } = plan
  return allColumns(plan).filter(({ text }) => steps.some((step) => text(step) !== unknown))
}

function allColumns({ users }: ReleasePlan): readonly Column<ReleasePlanStep>[] {
  return [
    { title: 'step', text: ({ name }: ReleasePlanStep) => name ?? unknown },
    { title: 'share', align: 'right', text: shareOf },
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

function shareOf({ fromBp, weightBp }: ReleasePlanStep): string {
  return fromBp === undefined
    ? formatWeight(weightBp)
    : `${formatWeight(fromBp).replace(' %', '')} → ${formatWeight(weightBp)}`
}

/** What steps wait for, where the table does not say it all. */
function waitingOf({ steps }: ReleasePlan): readonly string[] {
  return steps.flatMap(({ name, needs }, at) =>
    needs.join(', ') === waits(needs) || needs.length === 0
      ? []
      : [`Step ${at + 1}${name === undefined ? '' : ` (${name})`} waits for ${needs.join('; ')}.`],
  )
}

/** When it is over for a version that behaves as stable does. */
function endOf({ canary, stable, promoted, experiment, steps }: ReleasePlan): readonly string[] {
  const { earliestMs, likelyMs, canaryRequests } = promoted
  const own = steps.some(({ needs }) => needs.some((need) => !need.startsWith('the experiment')))
    ? ['Copies, gates and people take their own time on top.']
    : []
  if (experiment !== undefined) {
    return [
      `${canary} is promoted when it is shown to be better than ${stable} at ${experiment.metric}, after ${rough(earliestMs)} at the earliest; after ${count(experiment.maxUnits)} units of both versions without that it goes back.`,
      likelyMs === null
        ? 'At this traffic so many do not come within the deadline.'
        : `If it takes them all it is over after about ${rough(likelyMs)}, and ${canary} has answered about ${count(canaryRequests)} requests.`,
      ...own,
    ]
  }
  if (likelyMs === null)
    return [
      `A ${canary} that behaves as stable is not promoted by itself at this traffic: the evidence does not come within a step's deadline.`,
    ]
  return [
    `A ${canary} that behaves as stable is promoted after ${rough(earliestMs)} at the earliest, likely after ${rough(likelyMs)}, when it has answered about ${count(canaryRequests)} requests.`,
    ...own,
  ]
}

function sentencesOf(plan: ReleasePlan): readonly string[] {
  const { steps, falseRollbackPercent, notForecast, errorPercent } = plan
  const first = steps.find(({ likelyMs, doubledErrors }) => likelyMs !== null && doubledErrors.likelyMs !== null)
  const doubled = first?.doubledErrors
  return [
    ...waitingOf(plan),
    ...endOf(plan),
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
