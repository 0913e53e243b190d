import { z } from 'zod'
import { momentOf } from './moment.ts'
import { nearest } from './nearest.ts'
import { Duration, Interval, Name, Percent } from './units.ts'

const name = Name.optional().meta({ description: 'For people and the journal. Default: its kind.' })
const onFailure = z.enum(['rollback', 'hold']).default('rollback').meta({
  description: 'What happens when it fails or does not pass in time: back to stable, or held for a person.',
})
const command = z.array(z.string().min(1)).min(1).max(100)
const env = z
  .record(z.string(), z.string())
  .default({})
  .meta({ description: 'Extra environment; `env:NAME` and `file:PATH` are looked up and never stored.' })
const places = '`{preview}`, `{service}`, `{version}` and `{stable}` are replaced.'
const noticePlaces =
  '`{service}`, `{rollout}`, `{version}`, `{stable}`, `{step}`, `{weight}` and `{sentence}` are replaced; the first step is 0, and -1 is none.'
const body = z.string().max(100_000).optional()

/** An address in which known names in braces are replaced; others would be asked for as they stand. */
function addressWith(...known: readonly string[]) {
  const words = `expected http:// or https:// and only ${known.map((name) => `{${name}}`).join(', ')} in braces`
  const begins = known.includes('preview') ? /^(https?:\/\/[^/]|\{preview\}([/?]|$))/ : /^https?:\/\/[^/]/
  return z
    .string()
    .max(2_000)
    .refine(
      (text) => begins.test(text) && [...text.matchAll(/\{(\w*)\}/g)].every(([, name = '']) => known.includes(name)),
      { error: words },
    )
}
const headers = z
  .record(z.string(), z.string())
  .default({})
  .meta({ description: 'Request headers; `env:NAME` and `file:PATH` are looked up and never stored.' })
const timeout = Interval.prefault('10s').meta({ description: 'An answer that takes longer counts as none.' })

/** What an answer has to be like. */
const Expected = z
  .strictObject({
    status: z
      .array(z.int().min(100).max(599))
      .min(1)
      .optional()
      .meta({ description: 'One of these. Default: any 2xx.' }),
    contains: z.string().max(10_000).optional().meta({ description: 'A text that is in the body.' }),
    json: z
      .record(z.string().startsWith('/'), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .optional()
      .meta({ description: 'Values in a JSON body, by JSON pointer such as `/status`.' }),
  })
  .meta({ id: 'ExpectedAnswer', description: 'What an answer has to be like.' })

/** A line of a test set. */
export const RecordedRequest = z
  .strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
    path: z.string().regex(/^\/[\x21-\x7e]*$/, { error: 'expected a path such as /predict, without spaces' }),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional().meta({ description: 'A text as it is sent, or a JSON value.' }),
    expect: Expected.prefault({}),
  })
  .meta({ id: 'RecordedRequest', description: 'A request of a test set, and what its answer has to be like.' })

/** People say yes. */
const Approval = z.strictObject({
  kind: z.literal('approval').meta({ description: 'People say yes: `serin approve`.' }),
  name,
  people: z.int().min(1).max(20).default(1).meta({ description: 'How many different people.' }),
  from: z.array(Name).min(1).max(100).optional().meta({ description: 'Only these; default: whoever may promote.' }),
})

/** An address says yes. */
const HttpGate = z.strictObject({
  kind: z.literal('http').meta({ description: 'An address answers as expected.' }),
  name,
  url: addressWith('preview', 'service', 'version', 'stable').meta({ description: `Where to ask. ${places}` }),
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  headers,
  body: body.meta({ description: `JSON, unless a header says otherwise. ${places}` }),
  expect: Expected.prefault({}),
  every: Interval.prefault('5s').meta({ description: 'Time between two questions.' }),
  within: Interval.prefault('10m').meta({ description: 'It fails when it has not passed by then.' }),
  timeout,
  onFailure,
})

/** A command ends well. */
const CommandGate = z.strictObject({
  kind: z.literal('command').meta({ description: 'A command ends with 0.' }),
  name,
  command: command.meta({
    description: `Program and arguments; ${places} SERIN_SERVICE, SERIN_VERSION, SERIN_STABLE, SERIN_ROLLOUT and SERIN_PREVIEW are in its environment.`,
  }),
  env,
  cwd: z.string().optional().meta({ description: 'Working directory, relative to the file.' }),
  retries: z.int().min(0).max(20).default(0).meta({ description: 'How often it is tried again.' }),
  within: Interval.prefault('10m').meta({ description: 'All tries together; then it is killed and has failed.' }),
  onFailure,
})

/** A test set is answered well. */
const RequestsGate = z.strictObject({
  kind: z.literal('requests').meta({ description: 'The new version answers a set of recorded requests as expected.' }),
  name,
  file: z.string().min(1).meta({
    description:
      'JSON lines `{"method", "path", "headers", "body", "expect": {"status", "contains", "json"}}`, relative to the file.',
  }),
  headers: headers.meta({
    description: 'Headers of every request; `env:NAME` and `file:PATH` are looked up and never stored.',
  }),
  maxFailed: Percent.prefault('0%').meta({ description: 'Part of them that may fail.' }),
  concurrency: z.int().min(1).max(64).default(4),
  timeout,
  within: Interval.prefault('10m').meta({ description: 'It fails when it is not done by then.' }),
  onFailure,
})

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day such as 09:00' })

/** It is the right time. */
const WindowGate = z.strictObject({
  kind: z.literal('window').meta({ description: 'It is a time at which releases may go on.' }),
  name,
  days: z
    .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
    .min(1)
    .default(['mon', 'tue', 'wed', 'thu', 'fri'])
    .meta({ description: 'Days of the week on which it opens.' }),
  from: clock.default('09:00').meta({ description: 'Opens.' }),
  to: clock.default('17:00').meta({ description: 'Closes; at or before `from` it is the next day.' }),
  timezone: z
    .string()
    .default('UTC')
    .refine(isTimezone, {
      error: ({ input }) =>
        `expected a time zone such as ${nearest(String(input), Intl.supportedValuesOf('timeZone')) ?? 'Europe/Vienna'}`,
    })
    .meta({ description: 'Time zone of the hours.' }),
})

/** Another service is there first. */
const DependencyGate = z.strictObject({
  kind: z.literal('dependency').meta({ description: 'Another service has been released.' }),
  name,
  service: Name.meta({ description: 'The other service.' }),
  version: Name.optional().meta({ description: 'Its stable version. Default: whichever, with no rollout under way.' }),
})

/** A replica of data is close enough. */
const ReplicationGate = z.strictObject({
  kind: z.literal('replication').meta({ description: 'A copy of the data is close enough behind.' }),
  name,
  command: command.meta({ description: 'Prints `{"lagMs": 120}`.' }),
  env,
  maxLag: Duration.prefault('1s').meta({ description: 'How far it may be behind.' }),
  every: Interval.prefault('2s').meta({ description: 'Time between two questions.' }),
  timeout: timeout.meta({ description: 'A command that takes longer is ended, and counts as no answer.' }),
  within: Interval.prefault('10m').meta({ description: 'It fails when it has not passed by then.' }),
  onFailure,
})

/** What has to be done or agreed before a step is left. */
export const Gate = z
  .discriminatedUnion('kind', [
    Approval,
    HttpGate,
    CommandGate,
    RequestsGate,
    WindowGate,
    DependencyGate,
    ReplicationGate,
  ])
  .meta({ id: 'Gate', description: 'What has to be done or agreed before a step is left.' })

/** Tells somebody that a step began. */
export const Notice = z
  .strictObject({
    url: addressWith('service', 'rollout', 'version', 'stable', 'step', 'weight', 'sentence').meta({
      description: `Where to post. ${noticePlaces}`,
    }),
    headers,
    body: body.meta({
      description: `Default: a JSON object with service, rollout, version, step, weight and sentence. ${noticePlaces}`,
    }),
    timeout,
  })
  .meta({ id: 'Notice', description: 'A POST when a step begins; whether it arrives decides nothing.' })

/** A time in which nothing goes forward. */
export const Freeze = z
  .strictObject({
    from: z.iso.datetime({ offset: true }).meta({ description: 'Such as 2026-12-20T00:00:00Z.' }),
    to: z.iso.datetime({ offset: true }).meta({ description: 'When it ends.' }),
    why: z.string().max(500).default('').meta({ description: 'For people who meet it.' }),
  })
  .refine(({ from, to }) => momentOf(from) < momentOf(to), { path: ['to'], error: 'expected a time after "from"' })
  .meta({ id: 'Freeze', description: 'A time in which no release begins or goes forward, except hotfixes.' })

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export type ExpectedAnswer = z.output<typeof Expected>
export type RecordedRequest = z.output<typeof RecordedRequest>
export type Gate = z.output<typeof Gate>
export type Notice = z.output<typeof Notice>
export type Freeze = z.output<typeof Freeze>
