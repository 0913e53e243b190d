import { z } from 'zod'
import { simulationLimits, worldNames } from './simulation-bounds.ts'

const Ratio = z.number().min(0).max(1)
const BasisPoints = z.int().min(0).max(10_000)
const Share = {
  runs: z.int(),
  ratio: Ratio,
  low: Ratio.meta({ description: '95 % interval (Wilson).' }),
  high: Ratio,
}

/** Releases that ended alike. */
export const OutcomeSummary = z.object({
  outcome: z.enum(['promoted', 'rolled-back', 'held', 'undecided']).meta({
    description: '`held`: it waits for a person; `undecided`: nothing was decided when the simulation ended.',
  }),
  reason: z.string().nullable(),
  ...Share,
  atMs: z.object({ median: z.number(), p90: z.number() }).meta({ description: 'After the release began.' }),
  exposedUsers: z.number().nullable().meta({ description: 'Users whom canary served; this and the rest are medians.' }),
  canaryRequests: z.number(),
  failedRequests: z.number().meta({ description: 'Of both versions.' }),
  excessFailures: z.number().meta({ description: 'That would not have failed on stable.' }),
  excessFailuresP90: z.number().meta({ description: 'The same, in nine of ten releases at most.' }),
})

/** What many simulated releases in one world show. */
export const Simulation = z.object({
  service: z.string(),
  stable: z.string(),
  canary: z.string(),
  strategy: z.string(),
  world: z.string(),
  requestsPerSecond: z.number(),
  errorPercent: z.number().meta({ description: 'Of stable, when the release begins.' }),
  usersFollowed: z.boolean(),
  hours: z.number().meta({ description: 'Of modelled time, after which a release that goes on is `undecided`.' }),
  seed: z.int().meta({ description: 'Of the first release; the others follow it.' }),
  seeds: z.int().meta({ description: 'Releases that are counted here.' }),
  asked: z.int().meta({ description: 'Releases that were asked for.' }),
  partial: z.boolean().meta({ description: 'Fewer were played.' }),
  shares: z.object({
    promoted: z.object(Share),
    'rolled-back': z.object(Share),
    held: z.object(Share),
    undecided: z.object(Share),
  }),
  outcomes: z.array(OutcomeSummary).meta({ description: 'The most frequent first.' }),
  bands: z
    .array(z.object({ atMs: z.number(), low: BasisPoints, median: BasisPoints, high: BasisPoints }))
    .meta({ description: 'Canary’s share over time: the 10th percentile, the median and the 90th.' }),
  ended: z
    .array(z.object({ atMs: z.number(), promoted: Ratio, rolledBack: Ratio, held: Ratio }))
    .meta({ description: 'How many of the releases have ended, and how, by each of the same times.' }),
  notes: z.array(z.string()),
})

/** What somebody wants simulated. */
export const SimulationAsked = z
  .strictObject({
    to: z.string(),
    worlds: z.array(z.enum(worldNames)).max(worldNames.length).default([]),
    worldFile: z
      .string()
      .max(20_000)
      .optional()
      .meta({ description: 'The text of a world file, tried after the worlds with names.' }),
    seeds: z.int().min(1).max(simulationLimits.seeds).default(30).meta({ description: 'Releases in each world.' }),
    seed: z.int().min(0).max(999_999_999).default(1).meta({ description: 'Of the first; the others follow it.' }),
    hours: z
      .number()
      .positive()
      .max(simulationLimits.hours)
      .default(168)
      .meta({ description: 'Modelled time after which a release that goes on is `undecided`.' }),
    requestsPerSecond: z.number().positive().max(1_000_000).optional().meta({
      description: 'Instead of those of the world; there are as many more users. `low-traffic` has a fortieth.',
    }),
    errorPercent: z
      .number()
      .min(0)
      .max(50)
      .optional()
      .meta({ description: 'Failures of stable instead of those of the world.' }),
  })
  .refine(({ worlds, worldFile }) => worlds.length > 0 || worldFile !== undefined, {
    path: ['worlds'],
    error: 'expected at least one world',
  })
  .refine(
    ({ worlds, worldFile, seeds, hours }) =>
      (worlds.length + (worldFile === undefined ? 0 : 1)) * seeds * hours <= simulationLimits.releaseHours,
    {
      path: ['hours'],
      error: `expected worlds × seeds × hours to be ${simulationLimits.releaseHours} at most; on the command line there is no such limit`,
    },
  )

/** A simulation in the control plane: what was asked for, how far it is, and what is known so far. */
export const SimulationJob = z.object({
  id: z.string(),
  service: z.string(),
  stable: z.string(),
  canary: z.string(),
  by: z.string(),
  state: z.enum(['running', 'done', 'cancelled', 'timed-out', 'failed']),
  failure: z.string().nullable(),
  startedAt: z.number().meta({ description: 'Milliseconds since the epoch.' }),
  endedAt: z.number().nullable(),
  done: z.int().meta({ description: 'Releases played.' }),
  of: z.int(),
  asked: SimulationAsked,
  simulations: z.array(Simulation).meta({
    description:
      'One per world, in the order asked for. While it runs, and after it was ended early, of what was played.',
  }),
})

export type OutcomeSummary = z.output<typeof OutcomeSummary>
export type Simulation = z.output<typeof Simulation>
export type SimulationAsked = z.output<typeof SimulationAsked>
export type SimulationJob = z.output<typeof SimulationJob>
