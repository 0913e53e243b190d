import { begin, freezeAt, isOver, planInstant, planOf, type Plan, type RolloutEvent } from '@serin/core'
import type { Clock } from '@serin/kit'
import { nearest, SerinError } from '@serin/spec'
import type { Asker } from '../asker.ts'
import type { Queued, ReleasePart, RolloutDocument, ServiceDocument } from '../documents.ts'
import { rolloutEntry, serviceEntry } from './changes.ts'
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
export function release(
  ports: CommandPorts,
  { to, onActive, hotfix = false, rivals = [], part }: ReleaseAsked,
  asker: Asker,
): RolloutDocument {
  const { service, active } = ports.record
  requireVersion(ports.record, to)
  if (to === service.stable) {
    if (active !== null) return command(ports, { type: 'abort', by: asker.by, why: asker.why || `back to ${to}` })
    throw new SerinError('rollout.refused', `${to} is the stable version already; there is nothing to release.`)
  }
  if (active?.plan.canary === to) throw alreadyUnderWay(active)
  requireNoFreeze(ports, hotfix)
  if (active !== null) {
    const policy = onActive ?? service.spec.onNewVersion
    if (policy === 'refuse')
      throw new SerinError('rollout.active', `${active.id} is under way (${active.state.phase}).`)
    if (policy === 'queue') return enqueue(ports, { to, hotfix, rivals, ...asker }, active)
    if (hasCopiesOfStable(active)) return takeTurn(ports, { to, hotfix, rivals, ...asker }, active)
  }
  return start(ports, planFor(ports.record, to, rivals), asker, { hotfix, part })
}

/** A release that somebody asks for. */
export interface ReleaseAsked {
  readonly to: string
  /** What happens when another is under way; default: what the service says. */
  readonly onActive?: 'supersede' | 'queue' | 'refuse' | undefined
  /** Freezes do not hold it. */
  readonly hotfix?: boolean | undefined
  /** A/B: more versions that want stable's place. */
  readonly rivals?: readonly string[] | undefined
  /** The coupled release it belongs to. */
  readonly part?: ReleasePart | undefined
}

/** Refuses what could not start right now, with the reason; nothing starts. */
export function requireReleasable(ports: CommandPorts, { to, hotfix = false }: ReleaseAsked): void {
  const { active, service } = ports.record
  requireVersion(ports.record, to)
  planFor(ports.record, to)
  if (active !== null) throw new SerinError('rollout.active', `${active.id} is under way (${active.state.phase}).`)
  if (service.queue.length > 0)
    throw new SerinError('rollout.active', `A release of ${service.name} waits to start already.`)
  requireNoFreeze(ports, hotfix)
}

/** Starts the release that waits, once nothing is under way. One that cannot be done any more is dropped, and said to be. */
export function startQueued(ports: CommandPorts): void {
  const { service, active } = ports.record
  const [next, ...queue] = service.queue
  if (next === undefined || active !== null || (!next.hotfix && isFrozen(ports))) return
  const { to, by, why, hotfix, rivals } = next
  const asker = { by, why }
  const rest = { ...service, queue }
  try {
    requireVersion(ports.record, to)
    const plan =
      next.undo === true ? planInstant({ stable: service.stable, canary: to }) : planFor(ports.record, to, rivals)
    start(ports, plan, asker, { hotfix, service: rest })
  } catch (error) {
    if (!(error instanceof SerinError) || error.code.startsWith('store.')) throw error
    const entry = serviceEntry(service.name, 'release.dropped', { by: 'serin', why: error.message }, { version: to })
    ports.record.commit({ service: rest, journal: [entry] })
  }
}

/** Whether stable could not take all traffic at once. */
function hasCopiesOfStable({ plan, state }: RolloutDocument): boolean {
  return state.phase !== 'preparing' && plan.steps.some(({ stableReplicas }) => stableReplicas !== undefined)
}

/**
 * A rollout that has taken copies from stable gives its traffic back as they return; whoever takes its place begins after that. Answers with the rollout that
 * goes back.
 */
function takeTurn({ record }: CommandPorts, queued: Queued, active: RolloutDocument): RolloutDocument {
  const { service } = record
  const queue = [queued, ...service.queue.filter(({ to }) => to !== queued.to)]
  const { to, by, why } = queued
  const journal = [serviceEntry(service.name, 'release.queued', { by, why }, { version: to })]
  const changes = { service: { ...service, queue }, journal }
  if (active.state.phase !== 'rolling-back')
    return record.advance(active, { type: 'supersede', by, why: why || `${to} takes its place` }, changes)
  record.commit(changes)
  return active
}

/** Versions that have been kept warm for long enough, and those above the limit, are not kept any more. */
export function coolDown({ record, clock }: Pick<CommandPorts, 'record' | 'clock'>): void {
  const { service } = record
  const warm = service.warm.filter(({ until }) => clock.now() < until).slice(-service.spec.warmLimit)
  if (warm.length < service.warm.length) record.commit({ service: { ...service, warm } })
}

const mostQueued = 10

/** Puts a release behind the one under way, and answers with that one. A version that waits already waits on. */
function enqueue(ports: CommandPorts, queued: Queued, active: RolloutDocument): RolloutDocument {
  const { service } = ports.record
  if (service.queue.some(({ to }) => to === queued.to)) return active
  if (service.queue.length >= mostQueued)
    throw new SerinError('rollout.refused', `${mostQueued} releases wait already behind ${active.id}.`)
  const { to, by, why } = queued
  const entry = serviceEntry(service.name, 'release.queued', { by, why }, { version: to })
  ports.record.commit({ service: { ...service, queue: [...service.queue, queued] }, journal: [entry] })
  return active
}

/** Whether a freeze holds. */
export function isFrozen({ record, clock }: CommandPorts): boolean {
  return freezeAt(record.service.spec.freeze, clock.now()) !== null
}

function requireNoFreeze({ record, clock }: CommandPorts, hotfix: boolean): void {
  const freeze = freezeAt(record.service.spec.freeze, clock.now())
  if (freeze === null || hotfix) return
  const why = freeze.why === '' ? '' : `: ${freeze.why.replace(/\.$/, '')}`
  throw new SerinError('rollout.frozen', `Nothing is released until ${freeze.to}${why}.`)
}

/** What a release would follow; the version must be one that could be released. One that was stable lately goes there at once. */
export function planFor(record: ServiceRecord, to: string, rivals: readonly string[] = []): Plan {
  const { service } = record
  if (to === service.stable)
    throw new SerinError('rollout.refused', `${to} is the stable version already; there is nothing to release.`)
  const versions = { stable: service.stable, canary: to }
  const { rollbackWindow } = service.spec
  const recent = rollbackWindow > 0 && service.history.slice(-rollbackWindow).includes(to)
  if (recent && rivals.length === 0) return planInstant(versions)
  const plan = planOf(service.spec, versions)
  if (rivals.length === 0) return plan
  if (plan.goal === undefined)
    throw new SerinError(
      'rollout.refused',
      'Only an experiment has several challengers: use "strategy: ab", or a stage of that kind.',
    )
  for (const rival of rivals) requireVersion(record, rival)
  if (new Set([service.stable, to, ...rivals]).size < 2 + rivals.length)
    throw new SerinError('rollout.refused', 'Each challenger is another version, and none of them is stable.')
  return { ...plan, rivals }
}

/** Goes back at once to a version that was stable before. */
export function undo(ports: CommandPorts, to: string | undefined, asker: Asker, part?: ReleasePart): RolloutDocument {
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
  if (active !== null && hasCopiesOfStable(active))
    return takeTurn(ports, { to: target, hotfix: true, rivals: [], undo: true, ...asker }, active)
  return start(ports, planInstant({ stable, canary: target }), asker, { hotfix: true, part })
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

interface StartOptions {
  readonly hotfix: boolean
  readonly part?: ReleasePart | undefined
  /** What the service is from then on, besides its rollout. */
  readonly service?: ServiceDocument
}

function start(
  ports: CommandPorts,
  plan: Plan,
  asker: Asker,
  { hotfix, part, service = ports.record.service }: StartOptions,
): RolloutDocument {
  const { clock, record, replicas } = ports
  const { active: superseded } = record
  const now = clock.now()
  const rollout: RolloutDocument = {
    id: `${service.name}-${service.nextNumber}`,
    service: service.name,
    number: service.nextNumber,
    plan,
    state: begin(now),
    ...unexposed,
    hotfix,
    ...(part === undefined ? {} : { part }),
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
