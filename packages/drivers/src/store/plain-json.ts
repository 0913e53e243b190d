/** The text of a value as a store keeps it; throws a TypeError for what JSON would silently change. */
export function jsonText(value: unknown): string {
  check(value)
  return JSON.stringify(value)
}

/** A name as a store keeps it; throws a TypeError for half a character, which a database would silently change. */
export function nameText(name: string): string {
  if (!name.isWellFormed()) throw new TypeError('The store keeps no half characters.')
  return name
}

function check(value: unknown): void {
  if (value === null) return
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`The store keeps no ${value}.`)
      return
    case 'object':
      return checkObject(value)
    default:
      throw new TypeError(`The store keeps no ${typeof value}.`)
  }
}

function checkObject(value: object): void {
  if (Array.isArray(value)) {
    // By index: a hole is undefined too.
    for (let i = 0; i < value.length; i += 1) check(value[i])
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`The store keeps plain objects, no ${value.constructor.name}.`)
  // An undefined field is the same as an absent one.
  for (const item of Object.values(value)) if (item !== undefined) check(item)
}
