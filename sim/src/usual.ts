import type { Outcome, Scenario } from './scenario.ts'
import type { Behaviour, Surroundings } from './traffic.ts'

/** How a version answers that is all right. */
export const sound: Behaviour = {
  errorRatio: 0.002,
  fragileErrorRatio: 0.002,
  medianMs: 40,
  sigma: 0.5,
  slowRatio: 0.01,
  slowFactor: 6,
  wrongRatio: null,
  coldMs: 0,
  replicaSigma: 0,
}

/** Three hundred requests in a second, all alike. */
export const calm: Surroundings = {
  requestsPerSecond: 300,
  population: null,
  drift: null,
  bursts: null,
  labels: null,
}

/** Three shares of a canary. */
export function steps(hold: string, deadline: string): Record<string, unknown> {
  const weights = ['5%', '25%', '50%']
  return { strategy: { kind: 'canary', steps: weights.map((weight) => ({ weight, hold })), deadline } }
}

/** What most worlds have. */
export const usual: Omit<Scenario, 'name' | 'promise' | 'expect' | 'healthy'> = {
  surroundings: calm,
  stable: sound,
  canary: sound,
  upbringing: {},
  file: steps('10s', '20m'),
  mishaps: () => [],
  limitMs: 70 * 60_000,
}

/** A version of which so many requests fail. */
export const failing = (errorRatio: number, fragileErrorRatio = errorRatio): Behaviour => ({
  ...sound,
  errorRatio,
  fragileErrorRatio,
})

/** A healthy canary may be rolled back as often as the budget says; everything else is seen by the watcher. */
export const healthy = { healthy: true, expect: () => null } as const

/** A rollback for harm. */
export const harmful = {
  healthy: false,
  expect: ({ end, reason }: Outcome) =>
    end === 'rolled-back' && reason === 'harmful' ? null : `expected a rollback for harm, got ${end} (${reason})`,
} as const

/** Any end will do that breaks no promise on the way. */
export const survived = { healthy: false, expect: () => null } as const

/** Any end but promotion. */
export const neverPromoted = {
  healthy: false,
  expect: ({ end }: Outcome) => (end === 'promoted' ? 'a harmful version was promoted' : null),
} as const
