import { askedWeightBp, isOver, ratioOf, stepOf, type RoutingArm, type RoutingTable } from '@serin/core'
import { EdgeSettings, readsClaims, speaksH2c, Sticky, TokenSource, type Service } from '@serin/spec'
import { resolve } from 'node:path'
import { isExperiment, rivalsLeft } from './service/rivals.ts'
import { measurementOf, type RolloutDocument, type ServiceDocument } from './documents.ts'

/** A routing table before it has a revision. */
export type RoutingWish = Omit<RoutingTable, 'revision'>

/** What the table is made from besides the documents. */
export interface RoutingInputs {
  /** Addresses of the ready replicas of a version. */
  readonly endpoints: (version: string) => readonly string[]
  /** Latency of replicas is not scored before this time. */
  readonly latencyFrom: number
  /** The store cannot write: stable has all traffic it can take until it can. */
  readonly stableOnly: boolean
  /** Part of the traffic that stable's ready copies can take, in basis points. */
  readonly stableCapacityBp: number
  /** Canary's share in force; null while nobody knows. */
  readonly inForceBp: number | null
}

/** The table a service asks for right now: a pure function of its documents and of what runs. */
export function wishedRouting(
  service: ServiceDocument,
  rollout: RolloutDocument | null,
  inputs: RoutingInputs,
): RoutingWish {
  const { spec } = service
  const active = rollout !== null && !isOver(rollout.state) ? rollout : null
  // A promoted rollout has become the service's stable version in the same transaction.
  const canary = active?.plan.canary ?? null
  const askedBp = active === null ? 0 : capableBp(active, inputs)
  // Nobody is sent to a version without a ready replica, whatever was asked.
  const canaryEndpoints = canary === null ? [] : inputs.endpoints(canary)
  const canaryBp = canaryEndpoints.length === 0 ? 0 : askedBp
  const offered =
    active !== null &&
    (active.state.phase !== 'rolling-back' || canaryBp > 0) &&
    canaryEndpoints.length > 0 &&
    (!inputs.stableOnly || canaryBp > 0)
  const rivalArms = active === null || canaryBp === 0 ? [] : armsOfRivals(active, inputs, canaryBp)
  const rivalsBp = rivalArms.reduce((sum, { weightBp }) => sum + weightBp, 0)
  const stable: RoutingArm = {
    version: service.stable,
    endpoints: inputs.endpoints(service.stable),
    weightBp: 10_000 - canaryBp - rivalsBp,
  }
  const arms: RoutingArm[] =
    offered && canary !== null
      ? [{ version: canary, endpoints: canaryEndpoints, weightBp: canaryBp }, ...rivalArms, stable]
      : [{ ...stable, weightBp: 10_000 }]
  return {
    service: service.name,
    salt: saltOf(service, rollout),
    unit: spec.unit,
    arms,
    stable: service.stable,
    canary: offered ? canary : null,
    rules: active === null ? spec.rules : [...spec.rules, ...(stepOf(active.state, active.plan)?.rules ?? [])],
    ...overrideOf(spec),
    ...whoOf(service),
    measurement: {
      rollout: active === null || active.plan.strategy === 'instant' ? 'idle' : measurementOf(active),
      latencyCutsMs: active?.setup?.cuts.map((cut) => cut.cutMs) ?? [],
      ...toleranceOf(active),
      latencyFrom: inputs.latencyFrom,
      ...(active?.setup?.reflexRatio === undefined ? {} : { reflex: { alpha: active.setup.reflexRatio } }),
      ...(active?.setup?.slices === undefined ? {} : { slices: active.setup.slices }),
      ...(Object.values(active?.setup?.metrics ?? {}).some(({ kind }) => kind === 'generation')
        ? { generation: true as const }
        : {}),
    },
    ...(offered ? mirrorOf(active, canaryEndpoints) : {}),
    ...(spec.shield ? {} : { shield: false }),
    ...(speaksH2c(spec.workload) ? { upstream: 'h2c' } : {}),
    ...edgeOf(spec),
  }
}

/** What was asked for at the gateway's edge, if anything was. */
function edgeOf({ gateway: { tls: _tls, clientCertificates: _asked, ...edge } }: Service): Pick<RoutingTable, 'edge'> {
  return JSON.stringify(EdgeSettings.parse(edge)) === JSON.stringify(edgeByDefault) ? {} : { edge }
}

const edgeByDefault = EdgeSettings.parse({})

function overrideOf({ override }: Service): Pick<RoutingTable, 'overrideHeader' | 'overrideKeySha256'> {
  if (override === false) return { overrideHeader: null }
  if (typeof override === 'string') return { overrideHeader: override.toLowerCase() }
  return { overrideHeader: override.header.toLowerCase(), overrideKeySha256: override.keySha256 }
}

/** How requests are told apart, where that is asked for. */
function whoOf({
  spec,
  baseDirectory,
}: ServiceDocument): Pick<RoutingTable, 'sticky' | 'token' | 'country' | 'segments'> {
  const { sticky, token, country, segments } = spec
  const cookie = sticky === true ? stickyByDefault : sticky
  return {
    ...(cookie === false ? {} : { sticky: { cookie: cookie.cookie, maxAgeS: Math.round(cookie.maxAge / 1_000) } }),
    ...(readsClaims(spec) ? { token: token ?? tokenByDefault } : {}),
    ...(country === undefined
      ? {}
      : {
          country: 'database' in country ? { ...country, database: resolve(baseDirectory, country.database) } : country,
        }),
    ...(Object.keys(segments).length === 0 ? {} : { segments }),
  }
}

const stickyByDefault = Sticky.parse({})
const tokenByDefault = TokenSource.parse({})

/**
 * Where a rollout has taken copies from stable, it gets back no more traffic than its copies can take: while they come up, canary keeps the rest of what it has.
 * Never more than it has. The same holds while the store cannot write, and when canary has failed: what is ready of it is better than nobody.
 */
function capableBp(
  { state, plan }: RolloutDocument,
  { stableOnly, stableCapacityBp, inForceBp }: RoutingInputs,
): number {
  const askedBp = stableOnly ? 0 : askedWeightBp(state, plan)
  if (!stableOnly && state.phase !== 'rolling-back') return askedBp
  return Math.max(askedBp, Math.min(inForceBp ?? 0, 10_000 - stableCapacityBp))
}

/** The other challengers of an experiment, each with as much as canary. */
function armsOfRivals(active: RolloutDocument, { endpoints }: RoutingInputs, weightBp: number): readonly RoutingArm[] {
  if (!isExperiment(active)) return []
  return rivalsLeft(active).flatMap(({ version }) => {
    const own = endpoints(version)
    return own.length === 0 ? [] : [{ version, endpoints: own, weightBp }]
  })
}

/** What the step in force has copied. */
function mirrorOf({ state, plan }: RolloutDocument, endpoints: readonly string[]): Pick<RoutingTable, 'mirror'> {
  const ask = stepOf(state, plan)?.mirror
  if (ask === undefined) return {}
  const { maxDifferentRatio: _ratio, minPairs: _pairs, ...mirror } = ask
  return { mirror: { version: plan.canary, endpoints, ...mirror } }
}

/** How much slower canary may be, as the rollout began with. */
function toleranceOf(active: RolloutDocument | null): Pick<RoutingTable['measurement'], 'latencyTolerance'> {
  const metric = Object.values(active?.setup?.metrics ?? {}).find(({ kind }) => kind === 'latency')
  if (metric?.kind !== 'latency') return {}
  return { latencyTolerance: { ratio: ratioOf(metric.tolerance), ms: metric.toleranceAbsolute } }
}

/**
 * A salt per rollout and attempt: who meets a risky version first is drawn anew each time (docs/decisions/0012-salt-per-rollout.md). A retry with
 * the same people would repeat the chance that rolled it back.
 */
function saltOf(service: ServiceDocument, rollout: RolloutDocument | null): string {
  return rollout === null ? `${service.name}/0/` : `${service.name}/${rollout.number}.${rollout.state.attempt}/`
}
