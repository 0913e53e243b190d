import type { Refusal, Updated } from '../refusal.ts'
import { createCusum, readCusum, updateCusum } from './cusum.ts'
import { createEwma, readEwma, updateEwma } from './ewma.ts'
import { createMoving, readMoving, updateMoving } from './moving.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { createSeason, readSeason, updateSeason } from './season.ts'
import { createShiryaevRoberts, readShiryaevRoberts, updateShiryaevRoberts } from './shiryaev-roberts.ts'
import { createTail, readTail, updateTail } from './tail.ts'

/** A detector under a name, its parameters chosen; the state is plain JSON. */
export interface SeriesDetector<State> {
  readonly summary: string
  readonly create: () => State
  readonly update: (state: State, point: SeriesPoint) => Updated<State>
  readonly read: (state: State) => SeriesReading | Refusal
}

const detector = <State>(parts: SeriesDetector<State>): SeriesDetector<State> => parts

/** Detectors a metric may ask for by name. Advice only: none of them promotes or rolls back. */
export const seriesDetectors = {
  'moving-mean': detector({
    summary: 'mean ± 3 standard deviations of the last 60 points',
    create: () => createMoving(),
    update: updateMoving,
    read: readMoving,
  }),
  'moving-median': detector({
    summary: 'median ± 3 robust deviations of the last 60 points',
    create: () => createMoving({ robust: true }),
    update: updateMoving,
    read: readMoving,
  }),
  'moving-median-3-of-5': detector({
    summary: 'the same, three of five points outside',
    create: () => createMoving({ robust: true, rule: { hits: 3, of: 5 } }),
    update: updateMoving,
    read: readMoving,
  }),
  ewma: detector({
    summary: 'exponentially weighted mean, limits of 3 deviations',
    create: () => createEwma(),
    update: updateEwma,
    read: readEwma,
  }),
  cusum: detector({
    summary: 'summed deviations beyond half a deviation, limit 5',
    create: () => createCusum(),
    update: updateCusum,
    read: readCusum,
  }),
  'shiryaev-roberts': detector({
    summary: 'restarting e-process on ranks, at least 1000 independent points between false alarms in the mean',
    create: () => createShiryaevRoberts(),
    update: updateShiryaevRoberts,
    read: readShiryaevRoberts,
  }),
  season: detector({
    summary: 'forecast from the same time of earlier days (of 288 points), empirical band',
    create: () => createSeason(),
    update: updateSeason,
    read: readSeason,
  }),
  tail: detector({
    summary: 'robust deviation against the tail of the series itself, announced once',
    create: () => createTail(),
    update: updateTail,
    read: readTail,
  }),
} as const

/** The name of a detector. */
export type SeriesDetectorName = keyof typeof seriesDetectors

/** The best by NAB score on eight labelled series (`bench series`): few, and it was chosen on them. Its season is a day of five-minute points. */
export const DEFAULT_SERIES_DETECTOR: SeriesDetectorName = 'season'
