import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { SeriesPoint } from '@serin/stats'
import type { Window } from './nab-score.ts'

/** A series with the windows in which something was wrong. */
export interface LabelledSeries {
  readonly name: string
  readonly points: readonly SeriesPoint[]
  readonly windows: readonly Window[]
}

/** Where the labelled series are: the folder SERIN_NAB names, or the one beside the repository. */
export function corpusFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return environment['SERIN_NAB'] ?? join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'data', 'nab')
}

/** Each `*.csv.gz` of the folder with its windows from windows.json; null when the folder is not there. */
export function readCorpus(folder: string): readonly LabelledSeries[] | null {
  const labels = join(folder, 'windows.json')
  if (!existsSync(labels)) return null
  const all = JSON.parse(readFileSync(labels, 'utf8')) as Record<string, [string, string][]>
  const files = readdirSync(folder).filter((file) => file.endsWith('.csv.gz'))
  return files.toSorted().map((file) => {
    const name = file.replace('.csv.gz', '')
    const entry = Object.entries(all).find(([path]) => path.endsWith(`/${name}.csv`))
    if (entry === undefined) throw new Error(`${labels} has no windows for ${name}.`)
    const points = parsePoints(gunzipSync(readFileSync(join(folder, file))).toString('utf8'))
    return { name, points, windows: entry[1].map((bounds) => windowOf(points, bounds)) }
  })
}

function parsePoints(csv: string): SeriesPoint[] {
  const [, ...rows] = csv.trim().split('\n')
  return rows.map((row) => {
    const [at = '', value = ''] = row.split(',')
    return { atMs: timeOf(at), value: Number(value) }
  })
}

const timeOf = (text: string): number => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)

function windowOf(points: readonly SeriesPoint[], [from, to]: readonly [string, string]): Window {
  const first = points.findIndex(({ atMs }) => atMs >= timeOf(from))
  const last = points.findLastIndex(({ atMs }) => atMs <= timeOf(to))
  return { first, last }
}
