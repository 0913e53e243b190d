import { aloneSaid, sentenceOf, type ErrorsMetric, type Judgement } from '@serin/spec'
import { createMeanAbove, updateMeanAbove, wilsonInterval, type MeanAboveState } from '@serin/stats'
import type { ArmSlot } from '../evidence.ts'
import { ratioOf, type AnalysisSetup } from './setup.ts'

/** Requests of a version, and how many of them failed. */
export interface Failures {
  readonly requests: number
  readonly errors: number
}

/** What canary does with all traffic: there is nobody to compare it with but stable before. */
export interface AloneState extends Failures {
  readonly test: MeanAboveState
}

const upperZ = 1.96
/** Without anything known of stable: more than half is never all right. */
const unknownLimit = 0.5
/** Fewer say nothing about stable. */
const leastRequests = 5

/**
 * The part of the requests that may fail at 100 %: as many as stable may have had failing (upper end of its 95 % Wilson interval), and the margin on top.
 * Stable was measured at another time: what makes both fail more counts against canary, which is why the interval and the margin are wide.
 */
export function aloneLimit(metric: ErrorsMetric, { requests, errors }: Failures): number {
  if (requests < leastRequests) return unknownLimit
  const { high } = wilsonInterval({ units: requests, events: errors }, upperZ)
  return Math.min(
    unknownLimit,
    Math.max(1e-4, high + Math.max(ratioOf(metric.margin) * high, ratioOf(metric.marginAbsolute))),
  )
}

/** Takes in a slot in which canary had everything. */
export function foldAlone(
  setup: AnalysisSetup,
  state: AloneState | undefined,
  before: Failures,
  { arm, durationMs }: { readonly arm: ArmSlot; readonly durationMs: number },
): AloneState | undefined {
  const metric = errorsOf(setup)
  if (metric === null || arm.randomised === 0) return state
  const known = setup.before ?? { requests: 0, errors: 0 }
  const open = state ?? {
    requests: 0,
    errors: 0,
    test: createMeanAbove({
      limit: aloneLimit(metric, {
        requests: before.requests + known.requests,
        errors: before.errors + known.errors,
      }),
    }),
  }
  const value = arm.randomisedErrors / arm.randomised
  const updated = updateMeanAbove(open.test, { value, durationMs })
  return {
    requests: open.requests + arm.randomised,
    errors: open.errors + arm.randomisedErrors,
    test: updated.ok ? updated.state : open.test,
  }
}

/** What canary with all traffic shows, against its part of the false-rollback budget. */
export function readAlone({ requests, errors, test }: AloneState, threshold: number): NonNullable<Judgement['alone']> {
  const percent = requests > 0 ? (100 * errors) / requests : null
  const limitPercent = 100 * test.limit
  const reading = { requests, errors, percent, limitPercent, logE: test.logE, threshold }
  return { ...reading, sentence: sentenceOf(aloneSaid(reading)) }
}

function errorsOf(setup: AnalysisSetup): ErrorsMetric | null {
  const metric = Object.values(setup.metrics).find(({ kind, role }) => kind === 'errors' && role === 'guardrail')
  return metric?.kind === 'errors' ? metric : null
}
