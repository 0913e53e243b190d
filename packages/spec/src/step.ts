import { z } from 'zod'
import { Gate, Notice } from './gate.ts'
import { RouteToCanary } from './routing-rule.ts'
import { Duration, Interval, Percent, Weight } from './units.ts'

/** Copies of requests, and what their answers have to be like. */
export const Mirroring = z
  .strictObject({
    share: Weight.refine((weight) => typeof weight !== 'number' || weight > 0, { error: 'expected more than 0%' })
      .prefault('100%')
      .meta({ description: 'Part of the units whose requests are copied.' }),
    methods: z
      .array(z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']))
      .min(1)
      .default(['GET', 'HEAD'])
      .meta({ description: 'Only these. A copied write is done twice: name it only where that does no harm.' }),
    body: z.enum(['ignore', 'exact', 'json']).default('json').meta({
      description:
        'What of the answers has to be alike besides their status: `json` compares values, however they are written.',
    }),
    ignore: z
      .array(z.string().startsWith('/'))
      .max(100)
      .default([])
      .meta({ description: 'json: pointers such as `/servedAt` whose values may differ.' }),
    tolerance: z
      .number()
      .min(0)
      .default(0)
      .meta({ description: 'json: numbers may differ by this much, such as the predictions of a model.' }),
    timeout: Interval.prefault('10s').meta({ description: 'A copy is given up after this long.' }),
    maxDifferent: Percent.refine((percent) => percent > 0 && percent < 100, {
      error: 'expected more than 0% and less than 100%: that nothing ever differs cannot be proved',
    })
      .prefault('1%')
      .meta({ description: 'Part of the answers that may differ.' }),
    pairs: z.int().min(1).max(1_000_000_000).default(100).meta({ description: 'Answers that are compared at least.' }),
  })
  .meta({ id: 'Mirroring', description: 'Copies of requests go to canary; its answers are compared and thrown away.' })

/** At least this long with evidence. */
export const hold = Duration.prefault('0s').meta({
  description: 'At least this long with evidence: time without samples does not count.',
})
/** Wait for a person. */
export const pause = z.boolean().default(false).meta({ description: 'Wait for a person to promote.' })
/** What a step is called. */
export const stepName = z.string().min(1).max(100).optional().meta({ description: 'For people.' })
/** What has to be done or agreed before a step is left. */
export const gates = z.array(Gate).max(20).default([]).meta({
  description: 'What has to be done or agreed before the step is left, in this order.',
})
/** Who is told when a step begins. */
export const notify = z.array(Notice).max(10).default([]).meta({ description: 'Who is told when the step begins.' })
/** What the evidence has to say. */
export const until = z.enum(['safe', 'time']).default('safe').meta({
  description:
    'What the evidence has to say: `safe` for the next share, or with `time` nothing against it while the hold lasts.',
})

/** One step of a canary. */
export const CanaryStep = z
  .strictObject({
    weight: Weight.meta({ description: 'Share of the units that canary serves.' }),
    hold,
    pause,
    name: stepName,
    until,
    units: z.int().min(1).max(1_000_000_000).optional().meta({ description: 'Units canary must have served in all.' }),
    replicas: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'Copies of canary during the step, apart from its share; the share waits for them.' }),
    route: z
      .array(RouteToCanary)
      .max(20)
      .default([])
      .meta({ description: 'Requests that canary answers whatever their bucket says.' }),
    mirror: Mirroring.optional().meta({ description: 'Requests that are copied to canary during the step.' }),
    gates,
    notify,
  })
  .meta({ id: 'CanaryStep', description: 'One step of a canary.' })

interface Share {
  readonly weight: unknown
  readonly pause?: boolean
  readonly gates?: readonly unknown[]
  readonly mirror?: unknown
  readonly route?: readonly unknown[]
  readonly replicas?: unknown
}

/** Whether a step does something besides its share. */
function doesMore({ gates = [], mirror, route = [], replicas }: Share): boolean {
  return gates.length > 0 || mirror !== undefined || route.length > 0 || replicas !== undefined
}

/** Whether something ends a step without a share: evidence cannot. */
function hasEnd({ pause, gates = [], mirror }: Share): boolean {
  return pause === true || gates.length > 0 || mirror !== undefined
}

/** Shares grow, and end below 100 %. A step that does something else may keep the share. Returns the last. */
export function checkShares(
  steps: readonly Share[],
  context: z.core.$RefinementCtx,
  { from = 0, path = [] }: { readonly from?: number; readonly path?: readonly PropertyKey[] } = {},
): number {
  let before = from
  for (const [i, step] of steps.entries()) {
    const { weight } = step
    // A weight that could not be read is explained already.
    if (typeof weight !== 'number') continue
    const keeps = weight === before && doesMore(step)
    const message =
      weight <= before
        ? `expected more than ${before === 0 ? '0%' : `the ${before / 100}% of the step before`}: shares grow`
        : 'expected less than 100%: promotion to 100% follows the last step'
    if ((weight <= before && !keeps) || weight >= 10_000)
      context.addIssue({ code: 'custom', path: [...path, 'steps', i, 'weight'], message })
    else if (weight === 0 && !hasEnd(step))
      context.addIssue({
        code: 'custom',
        path: [...path, 'steps', i],
        message: 'expected gates, mirror or pause in a step without a share: nothing else would end it',
      })
    before = Math.max(before, weight)
  }
  return before
}

export type Mirroring = z.output<typeof Mirroring>
export type CanaryStep = z.output<typeof CanaryStep>
