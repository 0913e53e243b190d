import { binomialSurvival } from '@serin/stats'

/** How surprising a count has to be before it is called a defect: less than once in a thousand such proofs. */
const surprise = 0.001

/**
 * The most events in `runs` independent runs that are still explained by a chance of `ratio` each: one more would come about less than once in a thousand
 * times. A false-rollback budget of 1 % allows 8 in 200 runs; a truth within the budget nearly always stays below, a truth of 6 % nearly never.
 */
export function mostAllowed(runs: number, ratio: number): number {
  let most = 0
  while (binomialSurvival(most + 1, runs, ratio) >= surprise) most += 1
  return most
}
