import { z } from 'zod'
import { ServiceFile } from './service-file.ts'

interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly const?: string | number | boolean | null
  readonly enum?: readonly unknown[]
}

/** The JSON Schema of the release file, as editors read it. */
export function fileJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(ServiceFile, { io: 'input' })
}

/** Made when the first name is asked for: the schema never changes. */
let known: Schema | undefined

/** The names a schema knows at a path of a file: keys of a mapping, or allowed values of a scalar. `value` (the whole file) picks the branch of a union by its `kind`. */
export type NamesAt = (path: readonly PropertyKey[], value: unknown) => readonly string[]

/** The names of the release file. */
export const knownAt: NamesAt = (path, value) => {
  known ??= fileJsonSchema() as Schema
  return namesIn(known, path, value)
}

/** The names of another kind of file. */
export function namesOf(schema: z.ZodType): NamesAt {
  const root = z.toJSONSchema(schema, { io: 'input' }) as Schema
  return (path, value) => namesIn(root, path, value)
}

function namesIn(root: Schema, path: readonly PropertyKey[], value: unknown): readonly string[] {
  let candidates: readonly Schema[] = branches(root, root, value)
  let current: unknown = value
  for (const key of path) {
    current =
      current !== null && typeof current === 'object' ? (current as Record<PropertyKey, unknown>)[key] : undefined
    const child = current
    candidates = candidates
      .flatMap((schema) => childrenOf(schema, key))
      .flatMap((schema) => branches(schema, root, child))
  }
  const names = candidates.flatMap((schema) => [
    ...Object.keys(schema.properties ?? {}),
    ...(schema.const === undefined ? [] : [String(schema.const)]),
    ...(schema.enum ?? []).map(String),
  ])
  return [...new Set(names)]
}

function childrenOf(schema: Schema, key: PropertyKey): readonly Schema[] {
  if (typeof key === 'number') return schema.items === undefined ? [] : [schema.items]
  const property = schema.properties?.[String(key)]
  if (property !== undefined) return [property]
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
}

/** A schema with references and unions resolved; a union whose `kind` matches the value is narrowed to that branch. */
function branches(schema: Schema, root: Schema, value: unknown): readonly Schema[] {
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target === undefined ? [] : branches(target, root, value)
  }
  const union = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (union === undefined) return [schema]
  const all = union.flatMap((branch) => branches(branch, root, value))
  const kind = value !== null && typeof value === 'object' ? (value as Record<string, unknown>)['kind'] : undefined
  const matching = all.filter((branch) => branch.properties?.['kind']?.const === kind)
  return kind !== undefined && matching.length > 0 ? matching : all
}
