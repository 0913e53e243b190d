import {
  AccessToken,
  api,
  JournalEntry,
  jsonSchemaOf,
  Judgement,
  MetricReading,
  Observation,
  Replica,
  Rollout,
  ServiceStatus,
  VersionStatus,
  type Operation,
} from '@serin/spec'
import { typeWords, type Schema } from './json-schema.ts'
import { page, printedFrom, table } from './markdown.ts'

type Schemas = Operation['response']

/** What answers are made of; each is described once. */
const resources = {
  ServiceStatus,
  VersionStatus,
  Replica,
  Rollout,
  Judgement,
  MetricReading,
  JournalEntry,
  Observation,
  AccessToken,
}
const known = new Map(
  Object.entries(resources).map(([name, schema]) => [shapeOf(jsonSchemaOf(schema, 'output')), name]),
)

/** `docs/reference/api.md`: every operation of the HTTP API with its parameters and its answer. */
export function printApiPage(): string {
  const operations = Object.entries<Operation>(api)
  return page([
    '# The HTTP API',
    printedFrom('packages/spec/src/api.ts'),
    'The control plane listens on loopback (port 4560 unless told otherwise). Each request carries a token, that of its data directory or one that an admin made: ' +
      '`Authorization: Bearer TOKEN`. Each operation names the least role that may call it; the roles are viewer, operator, deployer and admin, and each may do all that the ones before it may. Bodies and answers are JSON; errors are problem documents ([Errors](errors.md)). The same ' +
      'description as OpenAPI 3.1 is served at `/v1/openapi.json`.',
    table(
      ['operation', 'request', 'role', 'what it does'],
      operations.map(([name, { method, path, role, summary }]) => [
        `[${name}](#${name.toLowerCase()})`,
        `\`${method} ${path}\``,
        role,
        summary,
      ]),
    ),
    '`GET /v1/events` is the live stream (Server-Sent Events): `journal` events are a [JournalEntry](#journalentry) and carry its `seq` as id, ' +
      '`service` events are a [ServiceStatus](#servicestatus). Send the last id as `Last-Event-ID` to go on from there.',
    ...operations.map(([name, operation]) => describe(name, operation)),
    ...Object.entries<Schemas>(resources).map(([name, schema]) =>
      [`## ${name}`, table(['field', 'value', 'meaning'], fieldsOf(schema, 'output'))].join('\n\n'),
    ),
  ])
}

function describe(name: string, { method, path, summary, params, query, body, response, open }: Operation): string {
  const asked = ([params, query, body] as const).flatMap((schema, place) =>
    schema === undefined
      ? []
      : fieldsOf(schema, 'input').map((row) => [['path', 'query', 'body'][place] ?? '', ...row]),
  )
  const answer = known.get(shapeOf(jsonSchemaOf(response, 'output')))
  return [
    `## ${name}`,
    `\`${method} ${path}\` · ${summary}${open === true ? ' No token is needed.' : ''}`,
    ...(asked.length === 0 ? [] : [table(['in', 'field', 'value', 'meaning'], asked)]),
    answer === undefined
      ? `Answer:\n\n${table(['field', 'value', 'meaning'], fieldsOf(response, 'output'))}`
      : `Answer: a [${answer}](#${answer.toLowerCase()}).`,
  ].join('\n\n')
}

/** Field, value and meaning of each. */
function fieldsOf(schema: Schemas, io: 'input' | 'output'): readonly (readonly string[])[] {
  const { properties = {}, required = [] } = jsonSchemaOf(schema, io) as Schema
  return Object.entries(properties).map(([field, value]) => [
    `\`${field}\`${io === 'input' && !required.includes(field) ? '?' : ''}`,
    typeWords(linked(value)),
    value.description ?? '',
  ])
}

/** The schema with each known resource in it replaced by a reference. */
function linked(schema: Schema): Schema {
  const name = known.get(shapeOf(schema))
  if (name !== undefined) return { $ref: `#/$defs/${name}` }
  const each = (list: readonly Schema[] | undefined) => list?.map(linked)
  return {
    ...schema,
    ...(schema.items === undefined ? {} : { items: linked(schema.items) }),
    ...(schema.anyOf === undefined ? {} : { anyOf: each(schema.anyOf) ?? [] }),
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(schema.properties).map(([key, value]) => [key, linked(value)])),
        }),
  }
}

/** What two schemas have to share to be the same resource: their fields, whatever they are called where they stand. */
function shapeOf({ type, properties, required }: Schema | Record<string, unknown>): string {
  return properties === undefined ? '' : JSON.stringify({ type, properties, required })
}
