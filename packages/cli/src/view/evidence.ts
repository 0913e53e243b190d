import type { Judgement, MetricReading } from '@serin/spec'
import { bar } from './bar.ts'
import { count, figure, latency, odds, progress } from './figures.ts'
import { markOf } from './marks.ts'
import type { Paper } from './paper.ts'
import { sliceNote } from './slices.ts'
import { table, type Column } from './table.ts'
import { cleanText, wrapText } from './text.ts'

/** Metrics shown at once, worst first. */
const shown = 6
const barWidth = 7

/** What each metric says, worst first: both versions, and how far the evidence has come towards harm and towards safety. */
export function evidenceLines(judgement: Judgement, paper: Paper): readonly string[] {
  const { metrics, verdict, harm } = judgement
  const rows = metrics.slice(0, shown)
  const rest = metrics.length - rows.length
  return [
    ...table([...facts, interval, ...bars], rows, paper),
    ...(rest > 0 ? [paper.ink('quiet', `… ${rest} more; "serin explain" shows them all`)] : []),
    // What decided is in the verdict's own sentence.
    ...rows
      .filter(({ name }) => verdict !== 'harmful' || name !== harm.leading)
      .flatMap((reading) => noteLines(reading, paper)),
    ...otherLines(judgement, paper),
    ...sliceNote(judgement, paper),
  ]
}

/** Evidence that is no metric: copies that were compared, what an experiment is about, all traffic against before. */
function otherLines({ mirror, goal, alone, sentence }: Judgement, paper: Paper): readonly string[] {
  const said = [mirror?.sentence, goal?.sentence, alone?.sentence]
  return said
    .filter((each) => each !== undefined && !sentence.includes(each))
    .flatMap((each) => wrapText(cleanText(each ?? ''), paper.width))
}

const facts: readonly Column<MetricReading>[] = [
  { title: 'evidence', text: nameOf, style: ({ verdict }) => markOf(verdict).style },
  {
    title: 'verdict',
    drop: 1,
    text: ({ verdict }) => markOf(verdict).word,
    style: ({ verdict }) => markOf(verdict).style,
  },
  { title: 'canary', align: 'right', drop: 6, text: (reading) => estimate(reading, 'canary') },
  { title: 'stable', align: 'right', drop: 7, text: (reading) => estimate(reading, 'stable') },
]
const interval: Column<MetricReading> = { title: 'interval', align: 'right', text: intervalText, drop: 9 }
const bars: readonly Column<MetricReading>[] = [
  {
    title: 'to harm',
    text: ({ harm }) => barText(harm),
    style: ({ harm }) => (progress(harm) >= 1 ? 'harm' : progress(harm) >= 0.5 ? 'wait' : 'quiet'),
  },
  {
    title: 'to safe',
    text: ({ safety }) => barText(safety),
    style: ({ safety }) => (progress(safety) >= 1 ? 'safe' : undefined),
  },
]

function nameOf({ name, role, verdict, cut }: MetricReading): string {
  const quantile = cut == null ? '' : ` p${Number((cut.quantile * 100).toFixed(1))}`
  return `${markOf(verdict).sign} ${name}${quantile}${role === 'monitor' ? ' (monitor)' : ''}`
}

function barText(evidence: { readonly logE: number; readonly threshold: number }): string {
  const ratio = progress(evidence)
  const { filled, rest } = bar(ratio, barWidth)
  // Below the threshold it is never 100 %.
  return `${filled}${rest} ${String(ratio >= 1 ? 100 : Math.min(99, Math.round(100 * ratio))).padStart(3)} %`
}

/** The estimate of one version: a latency quantile where there is one, else the share or mean in its unit. */
function estimate(reading: MetricReading, version: 'stable' | 'canary'): string {
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
function intervalText({ interval, intervalOf, unit, kind }: MetricReading): string {
  if (interval === null) return '–'
  const [low, high] = interval
  if (intervalOf === 'ratio') return `×${low === null ? '0' : figure(low)}–${high === null ? '∞' : figure(high)}`
  const of = unit !== 'percent' ? '' : kind === 'latency' ? ' pt slow' : ' pt'
  return `${low === null ? '−∞' : signedFigure(low)}…${high === null ? '+∞' : signedFigure(high)}${of}`
}

function signedFigure(value: number): string {
  return `${value < 0 ? '−' : '+'}${figure(Math.abs(value))}`
}

function noteLines(reading: MetricReading, paper: Paper): readonly string[] {
  const text =
    reading.verdict === 'harmful'
      ? reading.sentence
      : reading.verdict === 'undecided' && reading.missing.length > 0
        ? `${reading.name} still needs ${reading.missing.join('; ')}.`
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
