import { z } from 'zod'

/** The name of an HTTP header. */
export const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: 'expected the name of an HTTP header' })

/** How a value is compared. */
export const Match = z
  .strictObject({
    equals: z.string().max(1_000).optional().meta({ description: 'The whole value.' }),
    prefix: z.string().max(1_000).optional().meta({ description: 'The start of the value.' }),
    contains: z.string().max(1_000).optional().meta({ description: 'A part of the value.' }),
    present: z.boolean().optional().meta({ description: 'Whether there is a value at all.' }),
    in: z.array(z.string().max(1_000)).max(1_000).optional().meta({ description: 'One of these values.' }),
  })
  .refine((match) => Object.keys(match).length === 1, {
    error: 'expected exactly one of equals, prefix, contains, present, in',
  })
  .meta({ id: 'Match', description: 'How a value is compared.' })

const conditions = {
  header: z.record(HeaderName, Match).optional().meta({ description: 'Request headers, all of which must match.' }),
  cookie: z.record(z.string().min(1), Match).optional().meta({ description: 'Cookies, all of which must match.' }),
  query: z
    .record(z.string().min(1), Match)
    .optional()
    .meta({ description: 'Query parameters, all of which must match.' }),
  path: Match.optional().meta({ description: 'The path, without the query.' }),
}
const name = z.string().min(1).max(100).meta({ description: 'For people and the access log.' })
const noCondition = 'expected at least one of header, cookie, query, path'

interface Conditions {
  readonly header?: unknown
  readonly cookie?: unknown
  readonly query?: unknown
  readonly path?: unknown
}

const hasCondition = ({ header, cookie, query, path }: Conditions): boolean =>
  (header ?? cookie ?? query ?? path) !== undefined

/** A rule that sends matching requests to stable or canary whatever their bucket says. */
export const RoutingRule = z
  .strictObject({
    name,
    ...conditions,
    to: z.enum(['stable', 'canary']).meta({ description: 'Who answers. `canary` means stable while no rollout runs.' }),
  })
  .refine(hasCondition, { error: noCondition })
  .meta({
    id: 'RoutingRule',
    description:
      'Rules come before the override header, which comes before the hash. The first rule that matches decides.',
  })

/** A rule of a step: requests that canary answers. */
export const RouteToCanary = z
  .strictObject({ name, ...conditions })
  .refine(hasCondition, { error: noCondition })
  .meta({ id: 'RouteToCanary', description: 'Requests that canary answers during a step.' })

export type RoutingRule = z.output<typeof RoutingRule>
