import type { MetricReading, Rollout, RolloutPoint } from '@serin/spec'

/** What a band is of. */
export type Scale = MetricReading['intervalOf']

/** Two trails of one rollout as one, in order. */
export function joined(one: readonly RolloutPoint[], other: readonly RolloutPoint[]): readonly RolloutPoint[] {
  const all = new Map([...one, ...other].map((point) => [point.at, point]))
  return [...all.values()].sort((a, b) => a.at - b.at)
}

/** The rollout as it was at a moment; as it is when the trail does not reach that far back. */
export function asItWas(rollout: Rollout, trail: readonly RolloutPoint[], at: number): Rollout {
  const point = trail.findLast((each) => each.at <= at) ?? trail[0]
  if (point === undefined) return rollout
  const { splitPercent: _split, at: _at, ...facts } = point
  return { ...rollout, ...facts, gate: null, endedAt: null }
}

/** The share observed at a step: as it was when the step ended. */
export function observedAt(trail: readonly RolloutPoint[], step: number): number | null {
  return (
    trail.findLast(
      (point) =>
        point.step === step && point.splitPercent !== null && (point.phase === 'watching' || point.phase === 'holding'),
    )?.splitPercent ?? null
  )
}

/** The scale a metric is shown on: factors where its band is one of factors, differences otherwise. */
export function scaleOf({ interval, intervalOf }: Pick<MetricReading, 'interval' | 'intervalOf'>): Scale {
  return interval === null ? 'difference' : intervalOf
}

/** Where the next step would call it harm, on the scale of the band; null when nobody asked. */
export function limitOf({ allowed, stable, ...reading }: MetricReading): number | null {
  if (allowed === null) return null
  if (scaleOf(reading) === 'difference') return allowed
  return stable === null || stable === 0 ? null : 1 + allowed / stable
}

/** What a trail says of one metric, on one scale; where the band was of another, only the estimate. */
export function bandOf(trail: readonly RolloutPoint[], metric: string, scale: Scale) {
  return trail.flatMap(({ at, step, judgement }) => {
    const reading = judgement?.metrics.find(({ name }) => name === metric)
    if (reading === undefined) return []
    const { stable, canary, difference, interval } = reading
    const ratio = stable === null || canary === null || stable === 0 ? null : canary / stable
    const [low, high] = scaleOf(reading) === scale && interval !== null ? interval : [null, null]
    return [{ at, step, value: scale === 'ratio' ? ratio : difference, low, high }]
  })
}
