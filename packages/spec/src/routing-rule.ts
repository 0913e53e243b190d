import { z } from 'zod'
import { Name, Percent } from './units.ts'

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

/** What somebody has in hand, as told by client hints or the user agent. */
export const Device = z.enum(['mobile', 'tablet', 'desktop', 'bot', 'other'])

const countryWords = 'expected countries by their two letters (ISO 3166), such as NO'

const parts = {
  header: z.record(HeaderName, Match).optional().meta({ description: 'Request headers, all of which must match.' }),
  cookie: z.record(z.string().min(1), Match).optional().meta({ description: 'Cookies, all of which must match.' }),
  query: z
    .record(z.string().min(1), Match)
    .optional()
    .meta({ description: 'Query parameters, all of which must match.' }),
  path: Match.optional().meta({ description: 'The path, without the query.' }),
  country: z
    .array(z.string().regex(/^[A-Z]{2}$/, { error: countryWords }), { error: countryWords })
    .min(1)
    .max(250)
    .optional()
    .meta({ description: 'One of these countries; where it is read from is said under `country`.' }),
  device: z
    .array(Device)
    .min(1)
    .optional()
    .meta({ description: 'One of these kinds of device, by `Sec-CH-UA-Mobile` and `-Platform` or the user agent.' }),
  claim: z
    .record(z.string().min(1).max(200), Match)
    .optional()
    .meta({ description: 'Claims of the token, all of which must match; see `token`.' }),
  unit: z
    .array(z.string().min(1).max(1_000))
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'One of these units: a list of who is let in.' }),
}
const conditions = {
  segment: Name.optional().meta({ description: 'A segment of the service that the request is in.' }),
  ...parts,
  share: Percent.refine((percent) => percent > 0, { error: 'expected more than 0%' })
    .optional()
    .meta({
      description:
        'Only this part of the units that match, drawn by a hash of its own; who is in stays in while it grows. A request without a unit is not in.',
    }),
}
const name = z.string().min(1).max(100).meta({ description: 'For people and the access log.' })
const listed = Object.keys(parts).join(', ')

type Asked = Readonly<Partial<Record<keyof typeof conditions, unknown>>>

const hasPart = (asked: Asked): boolean => Object.keys(parts).some((part) => asked[part as keyof Asked] !== undefined)
const hasCondition = (asked: Asked): boolean => asked.segment !== undefined || hasPart(asked)
const noCondition = `expected at least one of segment, ${listed}`

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

/** A part of the traffic with a name, for rules and the routes of steps. */
export const Segment = z
  .strictObject(parts)
  .refine(hasPart, { error: `expected at least one of ${listed}` })
  .meta({ id: 'Segment', description: 'Requests that match all of this; rules and routes name it.' })

export type RoutingRule = z.output<typeof RoutingRule>
export type Segment = z.output<typeof Segment>
export type Device = z.output<typeof Device>
