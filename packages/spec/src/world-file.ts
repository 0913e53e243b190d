import { z } from 'zod'
import { namesOf } from './known-names.ts'
import { parseFile } from './parse-file.ts'
import { Duration, Interval, Percent } from './units.ts'

const timesWords = 'expected a factor such as x2 or x1.5, at most x1000'

/** A factor in the file: written `x2`, read as 2. */
const Times = z.codec(
  z
    .string({ error: timesWords })
    .regex(/^x\d{1,4}(\.\d{1,4})?$/, { error: timesWords })
    .refine((text) => Number(text.slice(1)) <= 1_000, { error: timesWords }),
  z.number(),
  { decode: (text) => Number(text.slice(1)), encode: (factor) => `x${factor}` },
)

const timeOfDayWords = 'expected a time of day such as 14:00'

/** A time of day: written `14:00`, read as ms after midnight. */
const TimeOfDay = z.codec(
  z.string({ error: timeOfDayWords }).regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: timeOfDayWords }),
  z.number(),
  {
    decode: (text) => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * 60_000,
    encode: (ms) =>
      [ms / 3_600_000, (ms / 60_000) % 60].map((part) => String(Math.floor(part)).padStart(2, '0')).join(':'),
  },
)

const quantiles = z
  .strictObject({
    p50: Interval.meta({ description: 'Median of the successful requests.' }),
    p95: Interval.meta({ description: 'Their 95th percentile.' }),
  })
  .refine(({ p50, p95 }) => p95 >= p50, { path: ['p95'], error: 'expected at least p50' })

const changedErrors = z.union([Times.transform((times) => ({ times })), Percent], {
  error: 'expected a percentage such as 0.8%, or a factor such as x2',
})

const Traffic = z
  .strictObject({
    rate: z.number().positive().max(1_000_000).default(20).meta({ description: 'Requests per second, over a day.' }),
    daily: z
      .strictObject({
        low: Percent.meta({ description: 'The lowest rate of the day, as a part of the highest.' }),
        peakAt: TimeOfDay.meta({ description: 'When the rate is highest.' }),
      })
      .optional()
      .meta({ description: 'How the rate rises and falls in a day. Default: it does not.' }),
    noise: Percent.prefault('0%').meta({ description: 'How much the rate of a minute differs from its neighbours.' }),
  })
  .meta({ description: 'How many requests there are.' })

const Users = z
  .strictObject({
    count: z.int().min(1).max(5_000_000).meta({ description: 'How many users there are; they come back.' }),
    spread: z
      .number()
      .min(0)
      .max(3)
      .default(1)
      .meta({ description: 'How differently busy they are: 0 is all alike, with 1 one in a hundred sends a tenth.' }),
  })
  .meta({ description: 'Who sends the requests.' })

/** Traffic, versions and mishaps as a simulation takes them to be. */
export const WorldFile = z
  .strictObject({
    world: z.literal('v1').meta({ description: 'Version of this format.' }),
    start: TimeOfDay.prefault('09:00').meta({ description: 'When the release begins.' }),
    traffic: Traffic.prefault({}),
    users: Users.optional().meta({ description: 'Default: each request is of its own.' }),
    stable: z
      .strictObject({
        errors: Percent.prefault('0.4%').meta({ description: 'Part of the requests that fails.' }),
        latency: quantiles.prefault({ p50: '20ms', p95: '80ms' }),
      })
      .prefault({})
      .meta({ description: 'What the stable version does.' }),
    canary: z
      .strictObject({
        errors: changedErrors.optional().meta({ description: 'Default: as stable.' }),
        latency: z
          .union([Times.transform((times) => ({ times })), quantiles], {
            error: 'expected p50 and p95, or a factor such as x1.5',
          })
          .optional()
          .meta({ description: 'Default: as stable.' }),
      })
      .prefault({})
      .meta({ description: 'What the new version does.' }),
    onset: Duration.prefault('0s').meta({ description: 'So long after its first traffic canary still is as stable.' }),
    drift: z
      .strictObject({
        errors: Times.default(1).meta({ description: 'How many times as many requests fail in the end.' }),
        latency: Times.default(1).meta({ description: 'How many times as long they take in the end.' }),
        over: Interval.meta({ description: 'How long the change takes, from the beginning of the release.' }),
      })
      .optional()
      .meta({ description: 'What becomes worse (or better) for both versions alike.' }),
    outages: z
      .array(
        z.strictObject({
          from: Duration.meta({ description: 'How long after the beginning of the release.' }),
          for: Interval.meta({ description: 'How long.' }),
        }),
      )
      .max(100)
      .default([])
      .meta({ description: 'Times in which requests come and are answered, but no evidence arrives.' }),
    starts: Duration.prefault('10s').meta({ description: 'How long copies take until they are ready.' }),
    people: Duration.prefault('5m').meta({ description: 'How long people take at pauses and approvals.' }),
    gates: Duration.prefault('10s').meta({ description: 'How long any other gate takes. All gates pass.' }),
  })
  .meta({ id: 'WorldFile', title: 'world file', description: 'What a simulation takes for granted.' })

let worldNames: ReturnType<typeof namesOf> | undefined

/** Reads a world file, or throws `config.invalid` with every issue found, as for a release file. */
export function parseWorldFile(text: string, file = 'world.yaml'): WorldFile {
  worldNames ??= namesOf(WorldFile)
  return parseFile(text, file, { schema: WorldFile, namesAt: worldNames })
}

/** The file as code reads it: durations in ms, percentages as numbers, factors as numbers. */
export type WorldFile = z.output<typeof WorldFile>
