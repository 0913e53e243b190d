import type { RoutingTable } from '@serin/core'
import { EdgeSettings, RoutingRule, Slice, UnitSource } from '@serin/spec'
import { whoProblem } from './who-table.ts'

const versionName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const mostCuts = 6
const mostSlices = 4
const mostIgnored = 100
const longestMs = 3_600_000

/** A routing table out of untrusted JSON, or what is wrong with it in one sentence. */
export function parseRoutingTable(value: unknown): { readonly table: RoutingTable } | { readonly problem: string } {
  return isTable(value) ? { table: value } : { problem: problemOf(value) ?? 'This is no routing table.' }
}

function isRule(value: unknown): value is RoutingRule {
  return RoutingRule.safeParse(value).success
}

function isTable(value: unknown): value is RoutingTable {
  return problemOf(value) === null
}

function problemOf(value: unknown): string | null {
  if (!isRecord(value)) return 'A routing table is an object.'
  const { service, epoch, revision, salt, unit, rules, overrideHeader } = value
  if (typeof service !== 'string' || service === '') return '"service" must be a name.'
  if (!isWhole(revision)) return '"revision" must be a whole number from 0.'
  if (epoch !== undefined && !isWhole(epoch)) return '"epoch" must be a whole number from 0.'
  if (typeof salt !== 'string') return '"salt" must be a text.'
  if (!Array.isArray(unit) || !unit.every((source) => UnitSource.safeParse(source).success))
    return '"unit" must list unit sources.'
  if (!Array.isArray(rules) || !rules.every(isRule)) return '"rules" must list routing rules.'
  if (
    overrideHeader !== null &&
    (typeof overrideHeader !== 'string' || overrideHeader !== overrideHeader.toLowerCase())
  ) {
    return '"overrideHeader" must be a lower-case header name or null.'
  }
  if (value['shield'] !== undefined && value['shield'] !== false) return '"shield" must be false or absent.'
  if (value['upstream'] !== undefined && value['upstream'] !== 'h2c') return '"upstream" must be "h2c" or absent.'
  if (value['edge'] !== undefined && !EdgeSettings.safeParse(value['edge']).success)
    return '"edge" must say whom the gateway believes and what it tells.'
  return (
    whoProblem(value, rules) ?? armsProblem(value) ?? measurementProblem(value['measurement']) ?? mirrorProblem(value)
  )
}

function armsProblem({ arms, stable, canary }: Readonly<Record<string, unknown>>): string | null {
  if (!Array.isArray(arms) || arms.length === 0) return '"arms" must list at least one version.'
  const versions = new Set<unknown>()
  let totalBp = 0
  for (const arm of arms as unknown[]) {
    if (!isRecord(arm) || typeof arm['version'] !== 'string' || !versionName.test(arm['version']))
      return 'Each arm needs the name of a version.'
    const { version, weightBp, endpoints } = arm
    if (versions.has(version)) return `The version ${version} is named twice.`
    versions.add(version)
    if (!isWhole(weightBp)) return `The weight of ${version} must be whole basis points from 0.`
    if (!Array.isArray(endpoints) || !endpoints.every(isBaseAddress))
      return `The endpoints of ${version} must be http or https addresses.`
    totalBp += weightBp
  }
  if (totalBp !== 10_000) return `The weights add up to ${totalBp} basis points instead of 10000.`
  if (!versions.has(stable)) return '"stable" must be the version of an arm.'
  if (canary !== null && (!versions.has(canary) || canary === stable))
    return '"canary" must be another version of an arm, or null.'
  return null
}

function measurementProblem(value: unknown): string | null {
  if (!isRecord(value)) return '"measurement" must be an object.'
  const { rollout, latencyCutsMs, latencyFrom, latencyTolerance: tolerance, slices, reflex, generation } = value
  if (typeof rollout !== 'string') return '"measurement.rollout" must be a text.'
  if (typeof latencyFrom !== 'number') return '"measurement.latencyFrom" must be a time.'
  const tolerant = isRecord(tolerance) && [tolerance['ratio'], tolerance['ms']].every((n) => Number(n) >= 0)
  if (tolerance !== undefined && !tolerant) return '"measurement.latencyTolerance" must hold a ratio and ms from 0.'
  if (slices !== undefined && !areSlices(slices)) return `"measurement.slices" must name at most ${mostSlices} slices.`
  const alpha = isRecord(reflex) ? Number(reflex['alpha']) : Number.NaN
  if (reflex !== undefined && !(alpha > 0 && alpha < 1))
    return '"measurement.reflex" must hold an alpha between 0 and 1.'
  if (generation !== undefined && generation !== true) return '"measurement.generation" must be true or absent.'
  const cuts: unknown[] = Array.isArray(latencyCutsMs) ? latencyCutsMs : [null]
  const rising = cuts.every((cut, i) => typeof cut === 'number' && cut > (i === 0 ? 0 : Number(cuts[i - 1])))
  return rising && cuts.length <= mostCuts
    ? null
    : `"measurement.latencyCutsMs" must rise and hold at most ${mostCuts} cuts.`
}

function mirrorProblem({ mirror, stable }: Readonly<Record<string, unknown>>): string | null {
  if (mirror === undefined) return null
  if (!isRecord(mirror)) return '"mirror" must be an object.'
  const { version, endpoints, shareBp, methods, body, ignored, tolerance, timeoutMs } = mirror
  if (typeof version !== 'string' || !versionName.test(version) || version === stable)
    return '"mirror.version" must be the name of another version than stable.'
  if (!Array.isArray(endpoints) || !endpoints.every(isBaseAddress))
    return '"mirror.endpoints" must be http or https addresses.'
  if (!isWhole(shareBp) || shareBp > 10_000) return '"mirror.shareBp" must be whole basis points up to 10000.'
  if (!isListOf(methods, /^(?!CONNECT$)[A-Z]{1,20}$/)) return '"mirror.methods" must list methods in upper case.'
  if (body !== 'ignore' && body !== 'exact' && body !== 'json')
    return '"mirror.body" must be "ignore", "exact" or "json".'
  if (!isListOf(ignored, /^\//) || ignored.length > mostIgnored)
    return `"mirror.ignored" must list at most ${mostIgnored} pointers such as "/at".`
  if (typeof tolerance !== 'number' || !(tolerance >= 0)) return '"mirror.tolerance" must be a number from 0.'
  return isWhole(timeoutMs) && timeoutMs > 0 && timeoutMs <= longestMs
    ? null
    : `"mirror.timeoutMs" must be whole ms from 1 to ${longestMs}.`
}

function isListOf(value: unknown, text: RegExp): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && text.test(each))
}

function areSlices(value: unknown): boolean {
  if (!isRecord(value)) return false
  const slices = Object.values(value)
  return slices.length <= mostSlices && slices.every((slice) => Slice.safeParse(slice).success)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isBaseAddress(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  return ['http:', 'https:'].includes(new URL(value).protocol)
}
