import type { Gate } from './gate.ts'
import { nearest } from './nearest.ts'
import type { Issue } from './reference-issue.ts'
import type { Service } from './service-file.ts'
import type { CanaryStep } from './step.ts'
import { formatWeight } from './said/figures.ts'

/** How many copies of a version run: what the version says, or the workload; for servers that someone else runs, how many there are. */
export function copiesOf({ workload, versions }: Pick<Service, 'workload' | 'versions'>, version: string): number {
  const spec = versions[version]
  if (workload.kind === 'endpoints' || (workload.kind === 'model' && workload.server !== undefined))
    return Math.max(1, spec?.endpoints?.length ?? 1)
  return spec?.replicas ?? workload.replicas
}

/** What a strategy names has to exist elsewhere in the file, and shares by copies have to be possible with whole copies. */
export function checkStrategy(name: string, service: Service, services: readonly string[]): readonly Issue[] {
  const { strategy } = service
  return [
    ...gatesOf(service).flatMap(({ gate, path }) => checkGate(name, gate, path, services)),
    ...(strategy.kind === 'ab' ? checkGoal(service, strategy.goal, ['strategy', 'goal']) : []),
    ...(strategy.kind === 'composite'
      ? strategy.stages.flatMap((stage, i) =>
          stage.kind === 'ab' ? checkGoal(service, stage.goal, ['strategy', 'stages', i, 'goal']) : [],
        )
      : []),
    ...checkCopies(service),
  ]
}

interface Placed {
  readonly gate: Gate
  readonly path: readonly PropertyKey[]
}

function gatesOf({ strategy }: Service): readonly Placed[] {
  const placed = (gates: readonly Gate[], ...path: PropertyKey[]): readonly Placed[] =>
    gates.map((gate, i) => ({ gate, path: ['strategy', ...path, 'gates', i] }))
  const ofSteps = (steps: readonly CanaryStep[] = [], ...path: PropertyKey[]): readonly Placed[] =>
    steps.flatMap(({ gates }, i) => placed(gates, ...path, 'steps', i))
  switch (strategy.kind) {
    case 'adaptive':
      return []
    case 'canary':
      return ofSteps(strategy.steps)
    case 'composite':
      return strategy.stages.flatMap((stage, i) =>
        stage.kind === 'canary' ? ofSteps(stage.steps, 'stages', i) : placed(stage.gates, 'stages', i),
      )
    default:
      return placed(strategy.gates)
  }
}

function checkGate(
  name: string,
  gate: Gate,
  path: readonly PropertyKey[],
  services: readonly string[],
): readonly Issue[] {
  if (gate.kind === 'approval' && gate.from !== undefined && new Set(gate.from).size < gate.people) {
    const message = `${gate.people} people cannot say yes when only ${new Set(gate.from).size} may: name more in "from", or ask for fewer.`
    return [{ path: [...path, 'people'], message }]
  }
  if (gate.kind !== 'dependency' || (gate.service !== name && services.includes(gate.service))) return []
  if (gate.service === name)
    return [{ path: [...path, 'service'], message: 'A service cannot wait for its own release.' }]
  const near = nearest(gate.service, services)
  const message = `No service of this file is called "${gate.service}". Known: ${services.join(', ')}.`
  return [{ path: [...path, 'service'], message, ...(near === undefined ? {} : { nearest: near }) }]
}

function checkGoal({ metrics }: Service, goal: string, path: readonly PropertyKey[]): readonly Issue[] {
  const goals = Object.entries(metrics).flatMap(([name, metric]) => (metric.role === 'goal' ? [name] : []))
  if (goals.includes(goal)) return []
  const near = nearest(goal, goals)
  const message = `No metric with "role: goal" is called "${goal}". Known: ${goals.join(', ') || '(none)'}.`
  return [{ path, message, ...(near === undefined ? {} : { nearest: near }) }]
}

/** With whole copies only some shares exist; the nearest are said. */
function checkCopies(service: Service): readonly Issue[] {
  const { strategy } = service
  if (strategy.kind !== 'canary' || strategy.by !== 'replicas') return []
  const copies = copiesOf(service, service.stable)
  if (copies < 2) {
    const message = 'Shares by replicas need at least 2 replicas: with one there is no share but all or nothing.'
    return [{ path: ['strategy', 'by'], message }]
  }
  return (strategy.steps ?? []).flatMap(({ weight, replicas }, i): Issue[] => {
    if (replicas !== undefined) {
      const message = 'With "by: replicas" the share says how many copies there are: leave "replicas" out.'
      return [{ path: ['strategy', 'steps', i, 'replicas'], message }]
    }
    const exact = (weight * copies) / 10_000
    // 33.33 % of three is one of them.
    if (Math.round(exact) > 0 && weight === Math.round((Math.round(exact) * 10_000) / copies)) return []
    const near = [...new Set([Math.floor(exact), Math.ceil(exact)])]
      .filter((count) => count > 0 && count < copies)
      .map((count) => `${formatWeight(Math.round((count * 10_000) / copies))} (${count} of ${copies})`)
    const message = `${formatWeight(weight)} of ${copies} replicas is not a whole number of them. Nearest: ${near.join(', ')}; or use "by: traffic".`
    return [{ path: ['strategy', 'steps', i, 'weight'], message }]
  })
}
