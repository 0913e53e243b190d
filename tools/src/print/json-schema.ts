import { anchorOf } from '../read/markdown.ts'

/** What the printers read of a JSON Schema. */
export interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly maxItems?: number
  readonly maxLength?: number
}

/** What may stand in a place, in words; a definition becomes a link to its heading. */
export function typeWords(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/$defs/', '')
    return `[${name}](#${anchorOf(name)})`
  }
  if (schema.title !== undefined) return schema.title
  if ('const' in schema) return `\`${text(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${text(value)}\``).join(', ')
  const union = schema.anyOf ?? schema.oneOf
  if (union !== undefined) return unionWords(union)
  if (schema.type === 'array') {
    if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeWords).join(', ')}]`
    return `list of ${typeWords(schema.items ?? {})}${upTo(schema.maxItems)}`
  }
  if (schema.type === 'object') {
    if (schema.properties !== undefined) return fieldsWords(schema)
    return typeof schema.additionalProperties === 'object'
      ? `map of ${typeWords(schema.additionalProperties)}`
      : 'object'
  }
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type}${range(schema)}`
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'anything')
}

/** A default as it would be written; empty when there is none. */
export function defaultWords(schema: Schema): string {
  return schema.default === undefined ? '' : `\`${text(schema.default)}\``
}

function unionWords(union: readonly Schema[]): string {
  const words = [...new Set(union.map(typeWords))]
  return words
    .filter((word) => word !== 'null')
    .concat(words.includes('null') ? ['null'] : [])
    .join(' or ')
}

function fieldsWords({ properties = {}, required = [] }: Schema): string {
  const fields = Object.entries(properties).map(
    ([name, field]) => `\`${name}\`${required.includes(name) ? '' : '?'}: ${typeWords(field)}`,
  )
  return `{ ${fields.join(', ')} }`
}

function range({ minimum, maximum, exclusiveMinimum }: Schema): string {
  const safe = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined
  const [low, high] = [safe(minimum), safe(maximum)]
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${high === undefined ? '' : `, at most ${high}`}`
  if (low !== undefined && high !== undefined) return ` ${low}–${high}`
  return low === undefined ? (high === undefined ? '' : ` up to ${high}`) : ` from ${low}`
}

function upTo(limit: number | undefined): string {
  return limit === undefined ? '' : ` (at most ${limit})`
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
