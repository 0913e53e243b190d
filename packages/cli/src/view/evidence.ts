import type { Judgement, MetricReading, Rollout } from '@serin/spec'
import { bar } from './bar.ts'
import { count, figure, latency, odds, progress } from './figures.ts'
import { aloneMark, markOf, type Mark } from './marks.ts'
import type { Paper } from './paper.ts'
import { sliceNote } from './slices.ts'
import { table, type Column } from './table.ts'
import { cleanText, wrapText } from './text.ts'

/** Metrics shown at once, worst first. */
const shown = 6
const barWidth = 7

/** The judgement people should see: none while canary gets no requests, not even copies, for nothing is asked of it then. */
export function judgementShown({ judgement, phase, step, steps }: Rollout): Judgement | null {
  const here = step === null || (phase !== 'watching' && phase !== 'holding') ? undefined : steps[step]
  return here?.weightBp === 0 && here.mirrorBp === undefined ? null : judgement
}

/** What each metric says, worst first: both versions, and how far the evidence has come towards harm and towards safety. */
export function evidenceLines(judgement: Judgement, paper: Paper): readonly string[] {
  const { metrics } = judgement
  const rows = metrics.slice(0, shown)
  const rest = metrics.length - rows.length
  return [
    ...table([...facts, interval, ...bars], [...rows.map((reading) => rowOf(reading)), ...otherRows(judgement)], paper),
    ...(rest > 0 ? [paper.ink('quiet', `… ${rest} more; "serin explain" shows them all`)] : []),
    ...evidenceNotes(judgement, paper),
  ]
}

/** Evidence that is no metric, where there is some, as a table of its own. */
export function otherTable(judgement: Judgement, paper: Paper): readonly string[] {
  const rows = otherRows(judgement)
  return rows.length === 0 ? [] : table([...facts, interval, ...bars], rows, paper)
}

/** What neither a table nor tiles can say of the evidence. */
export function evidenceNotes(judgement: Judgement, paper: Paper): readonly string[] {
  const { metrics, verdict, harm } = judgement
  return [
    // What decided is in the verdict's own sentence.
    ...metrics
      .slice(0, shown)
      .filter(({ name }) => verdict !== 'harmful' || name !== harm.leading)
      .flatMap((reading) => noteLines(reading, paper)),
    ...otherLines(judgement, paper),
    ...sliceNote(judgement, paper),
  ]
}

/** A line of the table. */
interface EvidenceRow {
  readonly name: string
  readonly mark: Mark
  readonly canary: string
  readonly stable: string
  readonly interval: string
  readonly harm: Evidence | null
  readonly safety: Evidence | null
}

type Evidence = MetricReading['harm']

function rowOf(reading: MetricReading): EvidenceRow {
  return {
    name: nameOf(reading),
    mark: markOf(reading.verdict),
    canary: estimate(reading, 'canary'),
    stable: estimate(reading, 'stable'),
    interval: intervalText(reading),
    harm: reading.harm,
    safety: reading.safety,
  }
}

/** Evidence that is no metric: copies that were compared, and all traffic against what stable had before. */
function otherRows({ mirror, alone }: Judgement): readonly EvidenceRow[] {
  const ratio = (value: number): string => `${figure(100 * value)} %`
  const copies: readonly EvidenceRow[] =
    mirror === undefined || mirror.compared === 0
      ? []
      : [
          {
            name: 'answers differ',
            mark: markOf(mirror.verdict),
            canary: mirror.differentRatio === null ? '–' : ratio(mirror.differentRatio),
            stable: `≤ ${ratio(mirror.maxDifferentRatio)}`,
            interval:
              mirror.interval === null ? '–' : `${figure(100 * mirror.interval[0])}–${ratio(mirror.interval[1])}`,
            harm: mirror.harm,
            safety: mirror.safety,
          },
        ]
  const all: readonly EvidenceRow[] =
    alone === undefined
      ? []
      : [
          {
            name: 'all traffic',
            mark: aloneMark(alone),
            canary: alone.percent === null ? '–' : `${figure(alone.percent)} %`,
            stable: `≤ ${figure(alone.limitPercent)} %`,
            interval: '–',
            harm: alone,
            safety: null,
          },
        ]
  return [...copies, ...all]
}

/** What the table cannot say of them, and how far an experiment is; nothing twice. */
function otherLines({ mirror, goal, alone, sentence }: Judgement, paper: Paper): readonly string[] {
  // What is proved of copies is in the table.
  const answers = mirror?.verdict === 'safe' ? undefined : mirror?.sentence
  const said = [answers, goal?.sentence, alone?.sentence].filter(
    (each) => each !== undefined && !sentence.includes(each),
  )
  const better =
    goal === undefined || goal.verdict !== 'undecided'
      ? []
      : [
          `Goal ${goal.metric}: evidence that canary is better ${odds(goal.logE)} of ${odds(goal.threshold)}, ${count(goal.units)} of ${count(goal.maxUnits)} units.`,
        ]
  return [...said.filter((each) => each !== goal?.sentence || better.length === 0), ...better].flatMap((each) =>
    wrapText(cleanText(each ?? ''), paper.width),
  )
}

const facts: readonly Column<EvidenceRow>[] = [
  {
    title: 'evidence',
    text: ({ name, mark }) => `${mark.sign} ${name}`,
    style: ({ mark }) => mark.style,
  },
  {
    title: 'verdict',
    drop: 1,
    text: ({ mark }) => mark.word,
    style: ({ mark }) => mark.style,
  },
  { title: 'canary', align: 'right', drop: 6, text: ({ canary }) => canary },
  { title: 'stable', align: 'right', drop: 7, text: ({ stable }) => stable },
]
const interval: Column<EvidenceRow> = { title: 'interval', align: 'right', text: (row) => row.interval, drop: 9 }
const bars: readonly Column<EvidenceRow>[] = [
  {
    title: 'to harm',
    text: ({ harm }) => barText(harm),
    style: ({ harm }) => {
      const ratio = harm === null ? 0 : progress(harm)
      return ratio >= 1 ? 'harm' : ratio >= 0.5 ? 'wait' : 'quiet'
    },
  },
  {
    title: 'to safe',
    text: ({ safety }) => barText(safety),
    style: ({ safety }) => (safety !== null && progress(safety) >= 1 ? 'safe' : undefined),
  },
]

/** What a metric is called, with what it is for when it guards nothing. */
export function nameOf({ name, role, cut }: MetricReading): string {
  const quantile = cut == null ? '' : ` p${Number((cut.quantile * 100).toFixed(1))}`
  return `${name}${quantile}${role === 'guardrail' ? '' : ` (${role})`}`
}

/** How far evidence has come, as a bar and in percent. */
export function barText(evidence: Evidence | null, width = barWidth): string {
  if (evidence === null) return '–'
  const ratio = progress(evidence)
  const { filled, rest } = bar(ratio, width)
  // Below the threshold it is never 100 %.
  return `${filled}${rest} ${String(ratio >= 1 ? 100 : Math.min(99, Math.round(100 * ratio))).padStart(3)} %`
}

/** The estimate of one version: a latency quantile where there is one, else the share or mean in its unit. */
export function estimate(reading: MetricReading, version: 'stable' | 'canary'): string {
  const quantile = reading.quantileMs?.[version]
  if (reading.kind === 'latency' && quantile != null) return latency(quantile)
  const value = reading[version]
  return value === null ? '–' : withUnit(value, reading.unit)
}

/** A value with its unit. */
export function withUnit(value: number, unit: MetricReading['unit']): string {
  return unit === 'percent' ? `${figure(value)} %` : unit === 'ms' ? latency(value) : figure(value)
}

/** The interval of the ratio (`×0.60–2.1`) or of the difference (`−0.3…+1.2 pt`; for a latency, points of requests that are slow). */
export function intervalText({ interval, intervalOf, unit, kind }: MetricReading): string {
  if (interval === null) return '–'
  const [low, high] = interval
  if (intervalOf === 'ratio') return `×${low === null ? '0' : figure(low)}–${high === null ? '∞' : figure(high)}`
  const of = pointsOf({ unit, kind })
  return `${low === null ? '−∞' : signedFigure(low)}…${high === null ? '+∞' : signedFigure(high)}${of}`
}

function pointsOf({ unit, kind }: Pick<MetricReading, 'unit' | 'kind'>): string {
  return unit !== 'percent' ? '' : kind === 'latency' ? ' pt slow' : ' pt'
}

/** The difference as people read it: a factor where the interval is one of factors. */
export function differenceText({
  stable,
  canary,
  difference,
  interval,
  intervalOf,
  unit,
  kind,
}: MetricReading): string {
  if (interval !== null && intervalOf === 'ratio')
    return stable === null || canary === null || stable === 0 ? '–' : `×${figure(canary / stable)}`
  if (difference === null) return '–'
  return `${signedFigure(difference)}${unit === 'ms' ? ' ms' : pointsOf({ unit, kind })}`
}

function signedFigure(value: number): string {
  return `${value < 0 ? '−' : '+'}${figure(Math.abs(value))}`
}

function noteLines(reading: MetricReading, paper: Paper): readonly string[] {
  const text =
    reading.verdict === 'harmful'
      ? reading.sentence
      : reading.verdict === 'undecided' && reading.missing.length > 0
        ? `${reading.name} still needs more: ${reading.missing.join('; ')}.`
        : ''
  if (text === '') return []
  return wrapText(cleanText(text), paper.width - 2).map((line) => `  ${line}`)
}

/** What all the evidence adds up to, beyond its sentence. */
export function totalsText({ harm, units, srm, health, kayenta }: Judgement): string {
  const led = harm.leading === null || harm.logE <= 0 ? '' : `, led by ${harm.leading}`
  const split = srm.logE >= srm.threshold ? 'the split is not as asked' : 'the split is as asked'
  const decides =
    kayenta === undefined
      ? `${odds(harm.threshold)} rolls back`
      : `Kayenta decides: ${kayenta.score === null ? 'no score yet' : `score ${figure(kayenta.score)}`}, pass ${kayenta.pass}`
  return `evidence of harm ${odds(harm.logE)}${led}; ${decides} · ${count(units.canary)} canary units · ${health === 'ok' ? split : health.replaceAll('-', ' ')}`
}
