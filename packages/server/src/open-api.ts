import { api, catalogue, type Operation } from '@serin/spec'
import { z } from 'zod'

/** The OpenAPI 3.1 document, printed from the API table: what is checked is what is described. */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, operation] of Object.entries<Operation>(api)) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describeOperation(name, operation),
    }
  }
  paths['/v1/events'] = {
    get: {
      operationId: 'events',
      summary:
        'Everything that happens, live (Server-Sent Events). `journal` events carry their `seq` as id: send the last one as Last-Event-ID to go on from there.',
      responses: {
        200: {
          description: 'A stream of events `journal` (a JournalEntry) and `service` (a ServiceStatus).',
          content: { 'text/event-stream': {} },
        },
      },
    },
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Serin', version: '1', description: 'The control plane of Serin.' },
    security: [{ token: [] }],
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Problem: {
          type: 'object',
          description: 'RFC 9457.',
          required: ['type', 'title', 'status', 'detail', 'code', 'hint'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            code: { enum: Object.keys(catalogue) },
            hint: { type: 'string' },
            details: { type: 'object' },
          },
        },
      },
    },
    paths,
  }
}

function describeOperation(
  name: string,
  { summary, params, query, body, response, open }: Operation,
): Record<string, unknown> {
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(query, 'query')]
  return {
    operationId: name,
    summary,
    ...(open === true ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(response, 'output') } } },
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly Record<string, unknown>[] {
  if (schema === undefined) return []
  const json = schemaOf(schema, 'input') as { properties?: Record<string, unknown>; required?: string[] }
  return Object.entries(json.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || (json.required ?? []).includes(name),
    schema: property,
  }))
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
  return json
}
