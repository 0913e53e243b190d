import { DEFAULT_SERIES_DETECTOR, seriesDetectors } from '@serin/stats'
import type { SeriesDetector, SeriesPoint } from '@serin/stats'
import type { Bench, BenchOutcome, BenchRequest } from '../bench.ts'
import { corpusFolder, readCorpus } from './corpus.ts'
import type { LabelledSeries } from './corpus.ts'
import { bestThreshold, normalised } from './nab-score.ts'

/** A detector's NAB score over all series, and on each at the common threshold. */
interface Row {
  readonly name: string
  readonly score: number
  readonly threshold: number
  readonly perSeries: Readonly<Record<string, number>>
}

/** The score of each point, 0 while a detector still refuses to judge. */
export function scoresOf<State>(detector: SeriesDetector<State>, points: readonly SeriesPoint[]): number[] {
  let state = detector.create()
  return points.map((point) => {
    const next = detector.update(state, point)
    // A point that comes twice (clocks are set back) is not judged.
    if (!next.ok) return 0
    state = next.state
    const read = detector.read(state)
    return read.ok ? read.score : 0
  })
}

function measure<State>(name: string, detector: SeriesDetector<State>, corpus: readonly LabelledSeries[]): Row {
  const { threshold, raw } = bestThreshold(
    corpus.map(({ points, windows }) => ({ scores: scoresOf(detector, points), windows })),
  )
  const windows = corpus.reduce((sum, series) => sum + series.windows.length, 0)
  const perSeries = corpus.map((series, i) => [series.name, normalised(raw[i] ?? 0, series.windows.length)] as const)
  const total = raw.reduce((sum, value) => sum + value, 0)
  return { name, score: normalised(total, windows), threshold, perSeries: Object.fromEntries(perSeries) }
}

function outcome(rows: readonly Row[], corpus: readonly LabelledSeries[]): BenchOutcome {
  const ranked = rows.toSorted((a, b) => b.score - a.score)
  const best = ranked[0]?.name
  const number = (value: number): string => value.toFixed(1).padStart(7)
  return {
    json: { profile: 'standard', detectors: ranked, default: DEFAULT_SERIES_DETECTOR },
    lines: [
      `NAB score, standard profile, over these ${corpus.length} labelled series only: one threshold per detector, chosen on the same series.`,
      'Not comparable with published scores, which are over the whole corpus. 100 is perfect, 0 is silence.',
      '',
      ...corpus.map(({ name }, i) => `  [${i + 1}] ${name}`),
      `${'detector'.padEnd(24)}  score${corpus.map((_, i) => `[${i + 1}]`.padStart(7)).join('')}`,
      ...ranked.map(
        ({ name, score, perSeries }) =>
          `${name.padEnd(24)}${number(score)}${corpus.map((series) => number(perSeries[series.name] ?? 0)).join('')}`,
      ),
    ],
    broken:
      best === DEFAULT_SERIES_DETECTOR ? [] : [`The default is ${DEFAULT_SERIES_DETECTOR}, but ${best} scores higher.`],
    warnings: [],
  }
}

async function run({ progress }: BenchRequest): Promise<BenchOutcome> {
  const folder = corpusFolder()
  const corpus = readCorpus(folder)
  if (corpus === null) {
    const sentence = `No labelled series in ${folder}; SERIN_NAB may name their folder. Nothing was measured.`
    return {
      json: { profile: 'standard', detectors: [], default: DEFAULT_SERIES_DETECTOR },
      lines: [],
      broken: [sentence],
      warnings: [],
    }
  }
  const names = Object.keys(seriesDetectors) as (keyof typeof seriesDetectors)[]
  const rows = names.map((name, i) => {
    progress(name, i / names.length)
    return measure(name, seriesDetectors[name] as SeriesDetector<unknown>, corpus)
  })
  return outcome(rows, corpus)
}

/** Detectors of one series, by the score of the Numenta Anomaly Benchmark. */
export const series: Bench = { name: 'series', summary: 'NAB score of the detectors for one series', run }
