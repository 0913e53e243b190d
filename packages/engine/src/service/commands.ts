import { begin, isOver, planInstant, planOf, type Plan, type RolloutEvent } from '@serin/core'
import type { Clock } from '@serin/kit'
import { nearest, SerinError } from '@serin/spec'
import type { Asker } from '../asker.ts'
import type { RolloutDocument } from '../documents.ts'
import { rolloutEntry } from './changes.ts'
import type { ServiceRecord } from './record.ts'
import type { Replicas } from './replicas.ts'
import { unexposed } from './transition.ts'

/** Rollouts that are kept with their documents; the journal keeps all of them. */
const keptRollouts = 200

/** An event that a person caused. */
export type Command = Extract<RolloutEvent, { by: string }>

/** What commands work with. */
export interface CommandPorts {
  readonly clock: Clock
  readonly record: ServiceRecord
  readonly replicas: Replicas
}

/** Starts a rollout; one under way is superseded, or the release is refused when the asker does not want that. */
export function release(ports: CommandPorts, to: string, supersede: boolean, asker: Asker): RolloutDocument {
  const { service, active } = ports.record
  requireVersion(ports.record, to)
  if (to === service.stable) {
    if (active !== null) return command(ports, { type: 'abort', by: asker.by, why: asker.why || `back to ${to}` })
    throw new SerinError('rollout.refused', `${to} is the stable version already; there is nothing to release.`)
  }
  if (active?.plan.canary === to) throw alreadyUnderWay(active)
  if (active !== null && !supersede)
    throw new SerinError('rollout.active', `${active.id} is under way (${active.state.phase}).`)
  return start(ports, planOf(service.spec.strategy, { stable: service.stable, canary: to }), asker)
}

/** What a release would follow; the version must be one that could be released. */
export function planFor({ service }: ServiceRecord, to: string): Plan {
  if (to === service.stable)
    throw new SerinError('rollout.refused', `${to} is the stable version already; there is nothing to release.`)
  return planOf(service.spec.strategy, { stable: service.stable, canary: to })
}

/** Goes back at once to a version that was stable before. */
export function undo(ports: CommandPorts, to: string | undefined, asker: Asker): RolloutDocument {
  const { service, active } = ports.record
  const { stable, history } = service
  if (active !== null && (to === undefined || to === stable))
    return command(ports, { type: 'abort', by: asker.by, why: asker.why || 'undo' })
  const target = to ?? history.at(-1)
  if (target === undefined)
    throw new SerinError('rollout.refused', `No version was stable before ${stable}; there is nothing to go back to.`)
  requireVersion(ports.record, target)
  if (target === stable) throw new SerinError('rollout.refused', `${target} is the stable version already.`)
  if (!history.includes(target))
    throw new SerinError(
      'rollout.refused',
      `${target} was never stable here, so going to it at once would be untested. Release it instead. Stable before: ${history.join(', ') || '(none)'}.`,
    )
  if (active?.plan.canary === target && (active.plan.strategy === 'instant' || active.state.phase === 'rolling-back'))
    throw alreadyUnderWay(active)
  return start(ports, planInstant({ stable, canary: target }), asker)
}

/** Gives the latest rollout a command; throws `rollout.refused` with the reason when it does not fit. */
export function command(ports: CommandPorts, event: Command): RolloutDocument {
  const { record, replicas } = ports
  const { latest, service } = record
  if (latest === null) throw new SerinError('rollout.not-found', `${service.name} has had no rollout yet.`)
  const next = record.advance(latest, event)
  // It tries with fresh replicas.
  if (event.type === 'retry') replicas.stop(next.plan.canary)
  return next
}

function start(ports: CommandPorts, plan: Plan, asker: Asker): RolloutDocument {
  const { clock, record, replicas } = ports
  const { service, active: superseded } = record
  const now = clock.now()
  const rollout: RolloutDocument = {
    id: `${service.name}-${service.nextNumber}`,
    service: service.name,
    number: service.nextNumber,
    plan,
    state: begin(now),
    ...unexposed,
    startedAt: now,
  }
  const changes = {
    service: { ...service, nextNumber: service.nextNumber + 1, latest: rollout.id },
    rollouts: [rollout],
    forgotten: forgettable(record),
    journal: [rolloutEntry(rollout, 'rollout.started', asker.by, { why: asker.why, plan })],
  }
  if (superseded === null) record.commit(changes)
  else {
    const why = asker.why || `${plan.canary} takes its place`
    record.advance(superseded, { type: 'supersede', by: asker.by, why }, changes)
  }
  // What an earlier attempt left behind says nothing about this one.
  if (replicas.observe(plan.canary).state === 'failed') replicas.stop(plan.canary)
  return rollout
}

function alreadyUnderWay({ id, plan, state }: RolloutDocument): SerinError {
  return new SerinError(
    'rollout.active',
    state.phase === 'rolling-back'
      ? `${id} is still going back to ${plan.stable}; ask for ${plan.canary} again when it has.`
      : `${plan.canary} is already being released (${id}).`,
  )
}

function forgettable(record: ServiceRecord): readonly string[] {
  return record.rollouts
    .filter((rollout) => isOver(rollout.state))
    .slice(0, -keptRollouts)
    .map(({ id }) => id)
}

/** Refuses a version the service does not have, with the nearest known name. */
export function requireVersion({ service }: ServiceRecord, version: string): void {
  const known = Object.keys(service.spec.versions)
  if (known.includes(version)) return
  const near = nearest(version, known)
  throw new SerinError(
    'version.not-found',
    `${service.name} has no version "${version}". Known: ${known.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  )
}
