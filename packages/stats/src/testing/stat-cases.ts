import type { Refusal } from '../refusal.ts'

/** One reference case of another engine, or of our own with 60 digits. */
export interface StatCase {
  readonly id: string
  readonly method: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  /** Absolute, or `relative 1e-9`. */
  readonly tolerance: number | string
}

/** The file of reference cases. */
export interface StatCaseFile {
  readonly cases: readonly StatCase[]
  readonly derived: readonly StatCase[]
}

/** Compares a number, or a list of them, with the expected field at the case's own tolerance; null is an open end. */
export type Near = (field: string, actual: number | null | readonly (number | null)[]) => void

/** Computes what a case expects and compares it; a case that must be refused returns the refusal. */
export type CaseCheck = (inputs: never, near: Near, reference: StatCase) => Refusal | void

/** What came of the cases of one family. */
export interface CaseReport {
  readonly wrong: readonly string[]
  readonly ran: number
  readonly refused: number
  /** Checks that no case asked for. */
  readonly unused: readonly string[]
}

function comparer(reference: StatCase): { near: Near; wrong: string[]; compared: () => number } {
  const { id, tolerance, expected } = reference
  const wrong: string[] = []
  let compared = 0
  const one = (field: string, actual: number | null, wanted: unknown): void => {
    compared += 1
    if (wanted === undefined) return void wrong.push(`${id} expects no ${field}`)
    // An open end is a text in the file ('inf'), an undefined value is null; we say null for both.
    if (typeof wanted !== 'number') return void (actual === null || wrong.push(`${id} ${field}: ${actual}, not open`))
    const allowed =
      typeof tolerance === 'number' ? tolerance : Number(tolerance.replace('relative ', '')) * Math.abs(wanted)
    if (actual === null || !(Math.abs(actual - wanted) <= allowed + 1e-15))
      wrong.push(`${id} ${field}: ${actual} instead of ${wanted}`)
  }
  const near: Near = (field, actual) => {
    const wanted = expected[field]
    if (!Array.isArray(actual)) return one(field, actual as number | null, wanted)
    const list = Array.isArray(wanted) ? (wanted as unknown[]) : []
    if (list.length !== actual.length) wrong.push(`${id} ${field}: ${actual.length} values instead of ${list.length}`)
    for (const [i, value] of actual.entries()) one(`${field}[${i}]`, value as number | null, list[i])
  }
  return { near, wrong, compared: () => compared }
}

/** Runs every case whose method is in `checks`; a case that compares nothing, or is refused in vain, is wrong. */
export function runCases(file: StatCaseFile, checks: Readonly<Record<string, CaseCheck>>): CaseReport {
  const wrong: string[] = []
  const used = new Set<string>()
  let ran = 0
  let refused = 0
  for (const reference of [...file.cases, ...file.derived]) {
    const check = checks[reference.method] as
      | ((inputs: unknown, near: Near, reference: StatCase) => Refusal | undefined)
      | undefined
    if (!check) continue
    used.add(reference.method)
    const comparison = comparer(reference)
    const refusal = check(reference.inputs, comparison.near, reference)
    wrong.push(...comparison.wrong)
    if (refusal) refused += 1
    else if (comparison.compared() > 0) ran += 1
    else wrong.push(`${reference.id} compared nothing`)
    if (refusal && (refusal.reason !== 'insufficient' || !refusal.message.endsWith('.')))
      wrong.push(`${reference.id} is refused as ${refusal.reason}: ${refusal.message}`)
  }
  return { wrong, ran, refused, unused: Object.keys(checks).filter((method) => !used.has(method)) }
}
