import type { Field, Type } from 'protobufjs'

type Rules = Readonly<Record<string, unknown>>

/** What the rules of validation that are written beside the fields have against the JSON of a message; null when nothing. */
export function broken(type: Type, given: Rules): string | null {
  for (const oneof of type.oneofsArray) {
    const told = oneof.fieldsArray.filter(({ name }) => name in given)
    if (told.length > 1) return `only one of ${told.map(({ name }) => name).join(', ')} can be`
    if (told.length === 0 && oneof.options?.['(validate.required)'] === true)
      return `one of ${oneof.fieldsArray.map(({ name }) => name).join(', ')} has to be`
  }
  for (const field of type.fieldsArray) {
    const against = brokenBy(field, given[field.name])
    if (against !== null) return `"${field.name}" ${against}`
  }
  return null
}

function brokenBy({ options, partOf }: Field, value: unknown): string | null {
  const rules = Object.entries(options ?? {}).flatMap(([name, wanted]) => {
    const rule = /^\(validate\.rules\)\.\w+\.(\w+)$/.exec(name)?.[1]
    return rule === undefined ? [] : [[rule, wanted] as const]
  })
  for (const [rule, wanted] of rules) {
    // One of several is looked at only when it is the one.
    if (rule === 'required' && wanted === true && partOf === null && value === undefined) return 'is required'
    // What is not told is empty.
    if (rule === 'min_len' && Number(wanted) > 0 && partOf === null && value === undefined)
      return `has to have ${wanted}`
    if (value !== undefined && !holds(rule, Number(wanted), value)) return `is against ${rule} ${wanted}`
  }
  return null
}

function holds(rule: string, wanted: number, value: unknown): boolean {
  const size = typeof value === 'string' || Array.isArray(value) ? value.length : Number.NaN
  // Durations are compared with durations.
  const amount = typeof value === 'number' ? value : Number.NaN
  switch (rule) {
    case 'min_len':
    case 'min_items':
    case 'min_bytes':
      return Number.isNaN(size) || size >= wanted
    case 'max_items':
      return Number.isNaN(size) || size <= wanted
    case 'gt':
      return Number.isNaN(amount) || amount > wanted
    case 'gte':
      return Number.isNaN(amount) || amount >= wanted
    case 'lt':
      return Number.isNaN(amount) || amount < wanted
    case 'lte':
      return Number.isNaN(amount) || amount <= wanted
    default:
      return true
  }
}
