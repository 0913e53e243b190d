import { api, catalogue, type Operation, type Role } from '@serin/spec'
import { z } from 'zod'

type Json = Record<string, unknown>

/** The OpenAPI 3.1 document, printed from the API table: what is checked is what is described. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {}
  for (const [name, operation] of Object.entries<Operation>(api)) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describeOperation(name, operation),
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Serin', version: '1', description: 'The control plane of Serin.' },
    security: [{ token: [] }],
    components: { securitySchemes: { token: security }, schemas: { Problem: problem } },
    paths: { ...paths, '/v1/events': { get: events } },
  }
}

const security = {
  type: 'http',
  scheme: 'bearer',
  description:
    'The token of the data directory (admin), or one that an admin made. `x-serin-role` is the least role an operation needs; each role may do all that the ones before it may: viewer, operator, deployer, admin.',
} as const

const problem = {
  type: 'object',
  description: 'RFC 9457.',
  required: ['type', 'title', 'status', 'detail', 'code', 'hint'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What happened.' },
    code: { enum: Object.keys(catalogue) },
    hint: { type: 'string', description: 'What to do about it.' },
    details: { type: 'object' },
  },
} as const

const problems = {
  default: {
    description: 'A problem.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  },
} as const

const place = { type: 'integer', minimum: 0 } as const
/** The least role that may read the event stream. */
export const eventsRole: Role = 'viewer'
const events = {
  operationId: 'events',
  'x-serin-role': eventsRole,
  summary:
    'Everything that happens, live (Server-Sent Events). `journal` events carry their `seq` as id: send the last one as Last-Event-ID to go on from there.',
  parameters: [
    { name: 'Last-Event-ID', in: 'header', required: false, schema: place },
    {
      name: 'after',
      in: 'query',
      required: false,
      description: 'The same, for those who cannot set headers.',
      schema: place,
    },
  ],
  responses: {
    200: {
      description: 'A stream of events `journal` (a JournalEntry) and `service` (a ServiceStatus).',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...problems,
  },
} as const

function describeOperation(name: string, { summary, role, params, query, body, response, open }: Operation): Json {
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(query, 'query')]
  return {
    operationId: name,
    summary,
    'x-serin-role': role,
    ...(open === true ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: { required: true, content: bodyContent(name, body) } }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(response, 'output') } } },
      ...problems,
    },
  }
}

function bodyContent(name: string, body: z.ZodType): Json {
  const json = { 'application/json': { schema: schemaOf(body, 'input') } }
  if (name !== 'observe') return json
  return { ...json, 'application/x-ndjson': { schema: { type: 'string', description: 'An observation per line.' } } }
}

function parametersOf(schema: z.ZodObject | undefined, where: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return []
  const json = schemaOf(schema, 'input') as { properties?: Json; required?: string[] }
  return Object.entries(json.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || (json.required ?? []).includes(name),
    schema: property,
  }))
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
  return json
}
