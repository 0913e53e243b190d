/** Values that are left out of a comparison, as a tree of the tokens of their pointers. */
export interface Ignored {
  readonly whole: boolean
  readonly below: ReadonlyMap<string, Ignored>
}

interface Growing extends Ignored {
  whole: boolean
  readonly below: Map<string, Growing>
}

/** The tree of JSON pointers (RFC 6901), made once per table; the pointer `''` leaves everything out. */
export function ignoredTree(pointers: readonly string[]): Ignored {
  const root: Growing = { whole: false, below: new Map() }
  for (const pointer of pointers) {
    let place = root
    for (const token of pointer.split('/').slice(1)) {
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
      const next = place.below.get(name) ?? { whole: false, below: new Map<string, Growing>() }
      place.below.set(name, next)
      place = next
    }
    place.whole = true
  }
  return root
}

/** How two JSON values are compared. */
export interface JsonRules {
  readonly ignored: Ignored
  /** Numbers may differ by this much, absolutely. */
  readonly tolerance: number
}

type Todo = readonly [one: unknown, other: unknown, ignored: Ignored | undefined]

/** Whether two parsed values are alike: keys in any order. Depth costs no stack, because bodies come from outside. */
export function alikeJson(one: unknown, other: unknown, { ignored, tolerance }: JsonRules): boolean {
  const todo: Todo[] = [[one, other, ignored]]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [a, b, rules] = next
    if (rules?.whole === true || a === b) continue
    if (typeof a === 'number' && typeof b === 'number') {
      if (Math.abs(a - b) <= tolerance) continue
      return false
    }
    if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return false
    if (!addMembers(todo, a, b, rules)) return false
  }
  return true
}

type Container = Readonly<Record<string, unknown>>

/** Puts what is in both on the list; false when a member that counts is in one alone. */
function addMembers(todo: Todo[], a: Container, b: Container, rules: Ignored | undefined): boolean {
  for (const name of Object.keys(a)) {
    const below = rules?.below.get(name)
    if (Object.hasOwn(b, name)) todo.push([a[name], b[name], below])
    else if (below?.whole !== true) return false
  }
  for (const name of Object.keys(b)) {
    if (!Object.hasOwn(a, name) && rules?.below.get(name)?.whole !== true) return false
  }
  return true
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}
