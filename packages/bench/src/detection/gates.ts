import { binomialSurvival } from '@serin/stats'
import type { HarmlessRow } from './harmless-rows.ts'
import type { Measure } from './runs.ts'
import type { ScenarioRow } from './scenario-rows.ts'

/** A rate counts as above alpha when so many or more would have been this unlikely at alpha. */
const doubt = 0.001
/** A test whose evidence runs out this often has not found the harm, however early it was in the other runs. */
const mostMissed = 0.05

/** The promises that were not kept, beyond chance: a mean may miss its gate by two of its standard errors, and by three with fewer runs than the full measure. */
export function brokenBy(
  scenarios: readonly ScenarioRow[],
  harmless: readonly HarmlessRow[],
  { effort, alpha }: Measure,
): readonly string[] {
  const slack = effort < 1 ? 3 : 2
  return [
    ...scenarios.flatMap((row) => missedGates(row, slack)),
    ...harmless.filter((row) => row.promised && tooOften(row, alpha)).map((row) => wrongly(row, alpha)),
  ]
}

function missedGates(
  { id, bound, mean, error, sprt, shipped, missed, gate }: ScenarioRow,
  slack: number,
): readonly string[] {
  const checks = [
    { what: 'the bound', of: mean, over: bound, error, limit: gate.one },
    { what: 'the clairvoyant test', of: mean, over: sprt, error, limit: gate.sprt },
    {
      what: 'the bound as shipped',
      of: (shipped?.mean ?? 0) - (shipped?.waited ?? 0),
      over: bound,
      error: shipped?.error ?? 0,
      limit: gate.shipped,
    },
  ]
  const late =
    missed > mostMissed ? [`${id}: ${(100 * missed).toFixed(1)} % of the runs were not rolled back within a day.`] : []
  return checks
    .filter((check) => check.limit !== null && (check.of - slack * check.error) / check.over > check.limit)
    .map(({ what, of, over, limit }) => `${id}: ${(of / over).toFixed(2)} × ${what}; at most ${limit} is promised.`)
    .concat(late)
}

function tooOften({ rate, runs }: HarmlessRow, alpha: number): boolean {
  return binomialSurvival(Math.round(rate * runs), runs, alpha) < doubt
}

function wrongly({ id, method, rate, runs }: HarmlessRow, alpha: number): string {
  return `${id}: "${method}" rolled back ${Math.round(rate * runs)} of ${runs} harmless canaries; at most ${alpha} of them are promised.`
}
