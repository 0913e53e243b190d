import type { Bench, BenchOutcome, BenchRequest } from '../bench.ts'
import { performAll } from './crew.ts'
import { brokenBy } from './gates.ts'
import type { HarmlessRow } from './harmless-rows.ts'
import type { Variant, ScenarioRow } from './scenario-rows.ts'
import { harmlessLines, rivalLines, scenarioLines } from './table.ts'

const alpha = 0.01

async function run({ effort, progress }: BenchRequest): Promise<BenchOutcome> {
  const measure = { effort, alpha }
  const pieces = await performAll(measure, progress)
  const scenarios = pieces.flatMap((piece) => piece.scenarios)
  const harmless = pieces.flatMap((piece) => piece.harmless)
  const json = { alpha, scenarios: scenarios.map(scenarioJson), falseRollback: harmless.map(harmlessJson) }
  return { json, lines: linesOf(scenarios, harmless), broken: brokenBy(scenarios, harmless, measure), warnings: [] }
}

const rounded = (value: number, digits = 5): number => Number(value.toPrecision(digits))

function variantJson(variant: Variant | null): number | null {
  return variant === null ? null : rounded(variant.k)
}

function scenarioJson(row: ScenarioRow): object {
  const { id, what, share, runs, p95, gate, exact, rivals } = row
  return {
    id,
    bound: rounded(row.bound),
    mean: rounded(row.mean, 7),
    p95,
    k: rounded(row.k),
    sprtRatio: rounded(row.sprtRatio),
    what,
    share,
    runs,
    error: rounded(row.error),
    shipped: variantJson(row.shipped),
    eachSecond: variantJson(row.eachSecond),
    withoutRestarts: variantJson(row.withoutRestarts),
    exact: exact && { ...exact, threshold: rounded(exact.threshold), k: exact.k === null ? null : rounded(exact.k) },
    missed: row.missed,
    gate: { k: gate.one, shipped: gate.shipped, sprtRatio: gate.sprt },
    rivals: rivals.map(({ method, mean, missed }) => ({ method, mean: mean === null ? null : rounded(mean), missed })),
  }
}

function harmlessJson({ id, method, rate, runs, what, promised }: HarmlessRow): object {
  return { id, method, rate, runs, what, promised }
}

function linesOf(scenarios: readonly ScenarioRow[], harmless: readonly HarmlessRow[]): readonly string[] {
  return [
    `Canary requests from the harm to the rollback, alpha ${alpha}; k is the mean over the least that is possible.`,
    '"shipped": errors and latency share the budget, half the capital of each waits for late harm. "each second": the same, looked at',
    'once a second. "exact": one metric with the exact threshold of 10 000 failures. U: the bound is a clairvoyant test.',
    '',
    ...scenarioLines(scenarios),
    '',
    'Rules of others on the same requests: canary requests to the rollback, within 4000 s. Being early is no merit where a rule also rolls',
    'back what is harmless: see below.',
    '',
    ...rivalLines(scenarios),
    '',
    `Harmless canaries that were rolled back. Serin promises at most ${alpha}; nothing is promised of the others.`,
    '',
    ...harmlessLines(harmless),
  ]
}

/**
 * How few canary requests a rollback takes, and how seldom it is wrong:
 * `{"alpha","scenarios":[{"id","bound","mean","p95","k","sprtRatio"}],"falseRollback":[{"id","method","rate","runs"}]}`, with more beside it:
 * `shipped`, `eachSecond`, `withoutRestarts` and `exact.k` are means over the bound too, or null.
 */
export const detection: Bench = {
  name: 'detection',
  summary: 'canary requests to a rollback beside the least possible, and false rollbacks, ours and of others',
  run,
}
