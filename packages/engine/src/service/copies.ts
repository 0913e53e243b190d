import { isOver, stepOf, type RolloutState } from '@serin/core'
import type { VersionSpec } from '@serin/spec'
import type { RolloutDocument, ServiceDocument } from '../documents.ts'
import { rivalsLeft } from './rivals.ts'

/** What is known of the copies that run. */
export interface CopiesSeen {
  /** Copies of a version that run, also those that leave. */
  readonly running: (version: string) => number
  /** Copies that are wanted and run: neither leaving nor stopping. */
  readonly staying: (version: string) => number
  /** Canary's share in force, in basis points: what the router says is believed once requests have been seen to come so. Null while it does not say. */
  readonly inForceBp: number | null
  /** The store cannot write: stable gets back all it has to serve with. */
  readonly stableOnly: boolean
}

/** What is kept of a service and its rollouts. */
interface Kept {
  readonly service: ServiceDocument
  readonly active: RolloutDocument | null
  readonly latest: RolloutDocument | null
}

/** Versions that have to run: stable, those of the rollout under way, those that are kept warm, and one that was rolled back for as long as somebody wants to look at it. */
export function wantedVersions({ service, active, latest }: Kept, now: number): readonly string[] {
  const rollout = active === null ? [] : [active.plan.canary, active.plan.stable, ...rivalsWanted(active)]
  const warm = service.warm.map(({ version }) => version)
  const until = latest?.state.phase === 'rolled-back' ? (latest.endedAt ?? 0) + service.spec.keepAborted : 0
  const aborted = latest !== null && now < until ? [latest.plan.canary] : []
  return [...new Set([service.stable, ...rollout, ...warm, ...aborted])]
}

/** Other challengers run from the beginning until they are dropped. */
function rivalsWanted(active: RolloutDocument): readonly string[] {
  if (active.state.phase === 'rolling-back') return []
  return active.rivals === undefined ? (active.plan.rivals ?? []) : rivalsLeft(active).map(({ version }) => version)
}

/** The versions as they should run now: a rollout may ask for other numbers of copies. */
export function withCopies(
  versions: Readonly<Record<string, VersionSpec>>,
  { service, active }: Omit<Kept, 'latest'>,
  seen: CopiesSeen,
): Readonly<Record<string, VersionSpec>> {
  const changed = Object.entries(versions).flatMap(([name, spec]) => {
    const replicas = wantedCopies(name, service, active, seen)
    return replicas === undefined ? [] : [[name, { ...spec, replicas }] as const]
  })
  return changed.length === 0 ? versions : { ...versions, ...Object.fromEntries(changed) }
}

/**
 * How many copies of a version should run, where a rollout asks for another number than the version says; undefined: as it says. Stable loses copies only once
 * the share that needs fewer of them is in force, and gets them back before anything is taken from canary.
 */
function wantedCopies(
  version: string,
  service: ServiceDocument,
  rollout: RolloutDocument | null,
  seen: CopiesSeen,
): number | undefined {
  if (rollout === null || isOver(rollout.state)) return service.warm.find((warm) => warm.version === version)?.copies
  const { plan, state } = rollout
  if (version === plan.canary) return canaryCopies(rollout, seen)
  if (version !== plan.stable) return service.warm.find((warm) => warm.version === version)?.copies
  const step = state.phase === 'promoting' ? plan.steps.at(-1) : stepOf(state, plan)
  if (seen.stableOnly || step?.stableReplicas === undefined || !('step' in state || state.phase === 'promoting'))
    return undefined
  const { starting, serving } = step.stableReplicas
  return isWaiting(state) || (seen.inForceBp ?? 0) < step.weightBp ? starting : serving
}

function canaryCopies(
  { plan, state }: RolloutDocument,
  { running, staying, stableOnly }: CopiesSeen,
): number | undefined {
  if (state.phase === 'preparing') return plan.steps[0]?.canaryReplicas
  if (state.phase === 'promoting' || state.phase === 'promoted') return undefined
  const step = stableOnly ? null : stepOf(state, plan)
  if (step === null)
    // On the way back it keeps what it has until nobody asks it any more.
    return plan.steps.some(({ canaryReplicas }) => canaryReplicas !== undefined)
      ? Math.max(1, staying(plan.canary))
      : undefined
  if (step.canaryReplicas === undefined || step.mostCopies === undefined) return step.canaryReplicas
  // No more than there is room for: stable's copies go first.
  const room = step.mostCopies - running(plan.stable)
  return Math.min(
    step.canaryReplicas,
    Math.max(1, staying(plan.canary), room - running(plan.canary) + staying(plan.canary)),
  )
}

function isWaiting(state: RolloutState): boolean {
  return 'waitingBp' in state && state.waitingBp !== undefined
}
