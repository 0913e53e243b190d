import { z } from 'zod'

/** The JSON Schema of a schema, with everything in its place: of what is sent (`input`) or of what comes back (`output`). */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
  return json
}
