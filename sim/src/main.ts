/** Runs simulated rollouts: `npm run -s sim -- --seeds N [--from S] [--world NAME] [--json] [--journal]`. */
import { parseArgs } from 'node:util'
import { worldNamed } from './campaign.ts'
import { reportOf, reportText } from './report.ts'
import type { Outcome, Scenario } from './scenario.ts'
import { simulate, type Audience } from './simulate.ts'
import { worlds } from './worlds.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: String(worlds.length) },
    from: { type: 'string', default: '1' },
    world: { type: 'string' },
    json: { type: 'boolean', default: false },
    journal: { type: 'boolean', default: false },
  },
})

function numberOf(name: 'seeds' | 'from'): number {
  const number = Number(values[name])
  if (Number.isSafeInteger(number) && number >= 0) return number
  return usage(`--${name} expects a whole number, got "${values[name]}".`)
}

function chosen(): readonly Scenario[] {
  if (values.world === undefined) return worlds
  try {
    return [worldNamed(values.world)]
  } catch (error) {
    return usage(error instanceof RangeError ? error.message : String(error))
  }
}

function usage(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}

// Without --world each seed gets the next world in turn, so that any number of seeds covers as much as it can.
const among = chosen()
const from = numberOf('from')
const longest = 300
const audience: Audience = {
  told: (atMs, what) => console.log(`${(atMs / 1_000).toFixed(3).padStart(9)} s  ${what.slice(0, longest)}`),
}
const outcomes = new Map<Scenario, Outcome[]>(among.map((scenario) => [scenario, []]))
const seeds = numberOf('seeds')
const progressEveryMs = 10_000
let toldAt = Date.now()
let broken = 0
for (let seed = from; seed < from + seeds; seed += 1) {
  const scenario = among[seed % among.length]
  if (scenario === undefined) break
  const outcome = await simulate(scenario, seed, values.journal ? audience : undefined)
  outcomes.get(scenario)?.push(outcome)
  if (values.json) console.log(JSON.stringify(outcome))
  // Whether healthy versions go back too often is seen at the end; everything else at once.
  for (const { what, replay } of reportOf(scenario, [outcome]).failures) {
    broken += 1
    console.error(`FAIL ${scenario.name} ${seed}: ${what.join('; ')}\n     replay: ${replay}`)
  }
  if (Date.now() - toldAt < progressEveryMs) continue
  toldAt = Date.now()
  console.error(`${seed + 1 - from} of ${seeds} seeds, ${broken} failed`)
}
let passed = 0
let failed = 0
for (const [scenario, own] of outcomes) {
  if (own.length === 0) continue
  const report = reportOf(scenario, own)
  failed += report.failures.length
  passed += own.length - report.failures.length
  if (!values.json) console.log(reportText(report, scenario.promise))
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
