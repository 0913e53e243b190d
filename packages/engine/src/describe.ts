import { askedWeightBp, freezeAt, isOver, rolloutSentence, type PlanStep } from '@serin/core'
import type { RoutingObservation, WorkloadObservation } from '@serin/kit'
import type { Rollout, ServiceStatus, VersionStatus } from '@serin/spec'
import type { RolloutDocument, ServiceDocument } from './documents.ts'
import { isExperiment } from './service/rivals.ts'
import type { LiveWindow } from './live-window.ts'

/** What a rollout looks like from outside. `inForce` are the router's weights, null when it does not answer. */
export function describeRollout(
  rollout: RolloutDocument,
  inForce: Readonly<Record<string, number>> | null,
  gate: Rollout['gate'] = null,
): Rollout {
  const { plan, state } = rollout
  const over = isOver(state)
  const said = 'why' in state ? { by: state.by, why: state.why } : { by: null, why: null }
  return {
    id: rollout.id,
    service: rollout.service,
    number: rollout.number,
    stable: plan.stable,
    canary: plan.canary,
    strategy: plan.strategy,
    phase: state.phase,
    attempt: state.attempt,
    step: 'step' in state && state.step >= 0 ? state.step : null,
    steps: plan.steps.map(describeStep),
    gate,
    hotfix: rollout.hotfix,
    rivals: (rollout.rivals ?? []).map(({ version, judgement, dropped }) => ({
      version,
      askedBp: dropped === null && isExperiment(rollout) ? askedWeightBp(state, plan) : 0,
      judgement,
      dropped,
    })),
    ...('waitingBp' in state && state.waitingBp !== undefined ? { waitsForCopies: true as const } : {}),
    evidenceMs: 'evidenceMs' in state ? state.evidenceMs : 0,
    reason: 'reason' in state ? state.reason : null,
    ...said,
    askedBp: askedWeightBp(state, plan),
    inForceBp: inForce === null || over ? null : (inForce[plan.canary] ?? 0),
    sentence: rolloutSentence(state, plan, rollout.judgement),
    judgement: rollout.judgement,
    exposedUnits: rollout.exposedUnits,
    exposedRequests: rollout.exposedRequests,
    startedAt: rollout.startedAt,
    firstTrafficAt: rollout.firstTrafficAt,
    decidedAt: rollout.decidedAt,
    lastCanaryRequestAt: rollout.lastCanaryRequestAt,
    endedAt: rollout.endedAt,
  }
}

function describeStep(step: PlanStep): Rollout['steps'][number] {
  const { weightBp, holdMs, pause, name, passes, fromBp, canaryReplicas, stableReplicas, mirror, gates } = step
  return {
    weightBp,
    holdMs,
    pause,
    ...(name === undefined ? {} : { name }),
    ...(passes === undefined ? {} : { passes }),
    ...(fromBp === undefined ? {} : { fromBp }),
    ...(canaryReplicas === undefined ? {} : { canaryReplicas }),
    ...(stableReplicas === undefined ? {} : { stableReplicas: stableReplicas.serving }),
    ...(mirror === undefined ? {} : { mirrorBp: mirror.shareBp }),
    ...(gates === undefined ? {} : { gates: gates.map((gate) => ({ name: gate.name, kind: gate.kind })) }),
  }
}

/** What a service is made from when someone looks. */
export interface ServiceView {
  readonly service: ServiceDocument
  readonly rollout: RolloutDocument | null
  /** What the router says; null while it does not answer. */
  readonly observation: RoutingObservation | null
  /** Where clients reach it, as far as is known. */
  readonly address: string | null
  readonly asked: Readonly<Record<string, number>>
  readonly observe: (version: string) => WorkloadObservation
  readonly window: LiveWindow
  readonly trouble: readonly string[]
  readonly gate: Rollout['gate']
  readonly now: number
}

/** What a service looks like from outside. */
export function describeService(view: ServiceView): ServiceStatus {
  const { service, rollout, observation, address, trouble } = view
  return {
    name: service.name,
    address,
    preview: observation?.previewAddress ?? null,
    stable: service.stable,
    rollout: rollout === null ? null : describeRollout(rollout, observation?.weights ?? null, view.gate),
    queue: service.queue.map(({ to }) => to),
    freeze: freezeOf(view),
    versions: Object.keys(service.spec.versions).map((version) => describeVersion(version, view)),
    trouble: [...trouble],
  }
}

function freezeOf({ service, now }: ServiceView): ServiceStatus['freeze'] {
  const freeze = freezeAt(service.spec.freeze, now)
  return freeze === null ? null : { to: freeze.to, why: freeze.why }
}

function describeVersion(
  name: string,
  { service, rollout, observation, asked, observe, window, now }: ServiceView,
): VersionStatus {
  const runs = observe(name)
  const isCanary = rollout !== null && !isOver(rollout.state) && rollout.plan.canary === name
  const role =
    name === service.stable
      ? 'stable'
      : isCanary
        ? 'canary'
        : service.warm.some(({ version }) => version === name)
          ? 'warm'
          : 'idle'
  return {
    name,
    role,
    workload: runs.state,
    failure: runs.failure,
    replicas: runs.replicas.map(({ id, state, endpoint, restarts, cpuPercent, memoryBytes, message }) => ({
      id,
      state,
      endpoint,
      restarts,
      cpuPercent,
      memoryBytes,
      message,
    })),
    askedBp: asked[name] ?? 0,
    inForceBp: observation === null ? null : (observation.weights[name] ?? 0),
    splitPercent: window.splitPercent(name, now),
    inFlight: observation?.inFlight[name] ?? 0,
    live: window.live(name, now),
  }
}
