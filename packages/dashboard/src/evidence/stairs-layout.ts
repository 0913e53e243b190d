import type { Rollout } from '@serin/spec'

/** One tread: a step of the rollout, or the end of it. */
export interface Stair {
  /** From 0; the last may be the end, which is no step. */
  readonly index: number
  readonly weightBp: number
  readonly state: 'done' | 'now' | 'stopped' | 'ahead'
  /** Left and right edge and height, 0 to 1. */
  readonly left: number
  readonly right: number
  readonly height: number
  /** What was observed at this step, as a height; null when nobody knows. */
  readonly observed: number | null
}

type Shown = Pick<Rollout, 'steps' | 'phase' | 'step' | 'judgement' | 'firstTrafficAt' | 'inForceBp'>

/** The steps as a stair from left to right. Heights grow with the root of the share, so that one percent can be seen beside a hundred. */
export function layoutStairs(rollout: Shown, observedPercent: (step: number) => number | null): readonly Stair[] {
  const weights = rollout.steps.map(({ weightBp }) => weightBp)
  const whole = weights.at(-1) === 10_000 ? weights : [...weights, 10_000]
  const stoppedAt = whereItStopped(rollout)
  return whole.map((weightBp, index): Stair => {
    const isStep = index < weights.length
    const percent = isStep ? observedPercent(index) : null
    return {
      index,
      weightBp,
      state: stateOf(rollout, { index, isStep, isLast: index === whole.length - 1, stoppedAt }),
      left: index / whole.length,
      right: (index + 1) / whole.length,
      height: heightOf(weightBp / 100),
      observed: percent === null ? null : heightOf(percent),
    }
  })
}

/** The height of a share in percent, 0 to 1. */
export function heightOf(percent: number): number {
  return Math.sqrt(Math.min(100, Math.max(0, percent)) / 100)
}

/** At which step a rollout that goes back was stopped: it no longer says so itself, but its last judgement was about the step after. */
export function whereItStopped({ phase, steps, judgement, firstTrafficAt }: Shown): number | null {
  if ((phase !== 'rolling-back' && phase !== 'rolled-back') || judgement === null || firstTrafficAt === null)
    return null
  const isAll = ({ weightBp }: Rollout['steps'][number]): boolean => weightBp === 10_000
  const at =
    judgement.alone === undefined
      ? steps.findIndex((one, i) => !isAll(one) && (steps[i + 1]?.weightBp ?? 10_000) === judgement.forWeightBp)
      : steps.findLastIndex((one) => isAll(one))
  return at < 0 ? null : at
}

function stateOf(
  { phase, step }: Shown,
  {
    index,
    isStep,
    isLast,
    stoppedAt,
  }: { readonly index: number; readonly isStep: boolean; readonly isLast: boolean; readonly stoppedAt: number | null },
): Stair['state'] {
  if (phase === 'promoted') return 'done'
  if (phase === 'promoting') return isLast ? 'now' : 'done'
  if (isStep && step === index && (phase === 'watching' || phase === 'holding')) return 'now'
  if (stoppedAt === index) return 'stopped'
  return index < (step ?? stoppedAt ?? 0) ? 'done' : 'ahead'
}
