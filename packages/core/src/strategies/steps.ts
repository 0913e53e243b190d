import type { CanaryStep, Gate, Mirroring } from '@serin/spec'
import type { MirrorAsk, NamedGate, PlanStep } from '../plan.ts'

/** The versions of a plan, and how many copies of each run. */
export interface PlanVersions {
  readonly stable: string
  readonly canary: string
  readonly stableCopies: number
  readonly canaryCopies: number
}

/** Gates with names of their own: a second one of a kind is `http-2`. */
export function named(gates: readonly Gate[]): readonly NamedGate[] {
  const taken = new Map<string, number>()
  return gates.map((gate) => {
    const name = gate.name ?? gate.kind
    const count = (taken.get(name) ?? 0) + 1
    taken.set(name, count)
    return { ...gate, name: count === 1 ? name : `${name}-${count}` }
  })
}

/** What a step asks for besides its share; nothing of it is in the plan when nothing is asked. */
export function extras({
  name,
  gates = [],
  notify = [],
}: {
  readonly name?: string | undefined
  readonly gates?: readonly Gate[]
  readonly notify?: CanaryStep['notify']
}): Pick<PlanStep, 'name' | 'gates' | 'notices'> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(gates.length === 0 ? {} : { gates: named(gates) }),
    ...(notify.length === 0 ? {} : { notices: notify }),
  }
}

/** A step of the file. */
export function stepFrom(step: CanaryStep): PlanStep {
  const { weight, hold, pause, until, units, replicas, route, mirror } = step
  return {
    weightBp: weight,
    holdMs: hold,
    pause,
    ...extras(step),
    ...(until === 'time' ? { passes: 'no-harm' as const } : {}),
    ...(units === undefined ? {} : { minUnits: units }),
    ...(replicas === undefined ? {} : { canaryReplicas: replicas }),
    ...(route.length === 0 ? {} : { rules: route.map((rule) => ({ ...rule, to: 'canary' as const })) }),
    ...(mirror === undefined ? {} : { mirror: mirrorFrom(mirror) }),
  }
}

/** What is copied, and what is asked of it. */
export function mirrorFrom({
  share,
  methods,
  body,
  ignore,
  tolerance,
  timeout,
  maxDifferent,
  pairs,
}: Mirroring): MirrorAsk {
  return {
    shareBp: share,
    methods,
    body,
    ignored: ignore,
    tolerance,
    timeoutMs: timeout,
    maxDifferentRatio: maxDifferent / 100,
    minPairs: pairs,
  }
}

/** Canary with all traffic, watched before it is promoted; none when it is not to be watched. */
export function bakeStep(holdMs: number): readonly PlanStep[] {
  return holdMs === 0 ? [] : [{ weightBp: 10_000, holdMs, pause: false, name: 'bake', passes: 'no-harm' }]
}

/**
 * Where steps ask for other numbers of copies, every share after the first of them waits for its copies: all of them, unless it says how many. Canary gets all
 * of its copies before it gets all of the traffic: the last step says so, and is watched like the others.
 */
export function withAllCopies(steps: readonly PlanStep[], { canaryCopies }: PlanVersions): readonly PlanStep[] {
  const first = steps.findIndex(({ canaryReplicas }) => canaryReplicas !== undefined)
  if (first < 0) return steps
  const all = steps.map((step, i) => (i < first ? step : { canaryReplicas: canaryCopies, ...step }))
  const last = all.at(-1)
  if (last?.weightBp === 10_000) return [...all.slice(0, -1), { ...last, canaryReplicas: canaryCopies }]
  return [
    ...all,
    { weightBp: 10_000, holdMs: 0, pause: false, name: 'all', passes: 'no-harm', canaryReplicas: canaryCopies },
  ]
}
