import type { MetricReading } from '@serin/spec'
import { age, count } from '../view/figures.ts'
import { differenceText, estimate, intervalText, nameOf } from '../view/evidence.ts'
import { toldLines } from '../view/journal-words.ts'
import { markOf } from '../view/marks.ts'
import { instant, type Report } from './report.ts'

/** What it was, in pairs. */
export function factsOf({ rollout }: Report): readonly (readonly [name: string, text: string])[] {
  const { service, stable, canary, strategy, attempt, startedAt, endedAt, exposedUnits, exposedRequests } = rollout
  return [
    ['Service', service],
    ['Versions', `${stable} → ${canary}`],
    ['Strategy', `${strategy}${attempt > 1 ? `, attempt ${attempt}` : ''}`],
    ['Started', instant(startedAt)],
    ['Ended', endedAt === null ? 'under way' : `${instant(endedAt)}, after ${age(endedAt - startedAt)}`],
    ['Exposed', `${count(exposedUnits)} users or other units, ${count(exposedRequests)} requests`],
  ]
}

/** A metric in words. */
export function readingCells(reading: MetricReading): readonly string[] {
  const mark = markOf(reading.verdict)
  return [
    nameOf(reading),
    `${mark.sign} ${mark.word}`,
    estimate(reading, 'canary'),
    estimate(reading, 'stable'),
    differenceText(reading),
    intervalText(reading),
  ]
}

/** The titles of those. */
export const readingTitles = ['Metric', 'Verdict', 'Canary', 'Stable', 'Difference', 'Interval'] as const

/** The lines of the journal that tell who did what. */
export function toldOf({ entries }: Report) {
  return toldLines(entries)
}

/** How to see the same again. */
export function commandsOf({ rollout: { id } }: Report): readonly string[] {
  return [`serin explain ${id}`, `serin get journal ${id} -n 1000`, 'serin journal verify']
}
