import type { CountrySource, EdgeSettings, RoutingRule, Segment, Slice, TokenSource, UnitSource } from '@serin/spec'

/** One version in a routing table. */
export interface RoutingArm {
  readonly version: string
  /** Base addresses such as `http://127.0.0.1:4001`; only ready ones. */
  readonly endpoints: readonly string[]
  /** Share of the units in basis points; the arms of a table add up to 10000. */
  readonly weightBp: number
}

/** What the gateway measures for a rollout, fixed before the requests it judges. */
export interface Measurement {
  /** Which rollout the unit counters belong to; a change empties them. `idle` between rollouts. */
  readonly rollout: string
  /** Latency cuts in ms, rising, on histogram bin edges; event `slow<i>` is a successful request above cut i. */
  readonly latencyCutsMs: readonly number[]
  /** How much slower canary may be without being called slow: the larger of a ratio (0.1 is 10 %) and milliseconds. Absent: not at all. */
  readonly latencyTolerance?: { readonly ratio: number; readonly ms: number }
  /** Latency is not scored before this time (ms since the epoch): new replicas warm up. */
  readonly latencyFrom: number
  /** The gateway takes canary's share away by itself when its errors are proved; `alpha` is the chance that it does so to a harmless one. Absent: never. */
  readonly reflex?: { readonly alpha: number }
  /** Parts of the traffic that are counted by themselves, by name. Absent: none. */
  readonly slices?: Readonly<Record<string, Slice>>
  /** Answers of a language model are looked into as they pass. Absent: they are not. */
  readonly generation?: true
}

/** Requests that are copied to a version whose answers are thrown away after they have been compared. */
export interface Mirror {
  readonly version: string
  readonly endpoints: readonly string[]
  /** Part of stable's requests, in basis points. */
  readonly shareBp: number
  /** Only these methods, upper case. */
  readonly methods: readonly string[]
  /** What of the body has to be alike. `json`: the same values, whatever the spelling. */
  readonly body: 'ignore' | 'exact' | 'json'
  /** json: pointers such as `/at` whose values may differ. */
  readonly ignored: readonly string[]
  /** json: numbers may differ by this much, absolutely. */
  readonly tolerance: number
  /** A copy is given up after this long, in ms. */
  readonly timeoutMs: number
}

/** Every address that a router may send a request to, or a copy of one, under this table. */
export function endpointsOf({ arms, mirror }: Pick<RoutingTable, 'arms' | 'mirror'>): readonly string[] {
  return [...new Set([...arms.flatMap((arm) => arm.endpoints), ...(mirror?.endpoints ?? [])])]
}

/** Whether a router that has one table takes the other: a later control plane is obeyed before an earlier one, then the greater revision. */
export function isNewer(
  next: Pick<RoutingTable, 'epoch' | 'revision'>,
  inForce: Pick<RoutingTable, 'epoch' | 'revision'>,
): boolean {
  const [epoch, before] = [next.epoch ?? 0, inForce.epoch ?? 0]
  return epoch === before ? next.revision > inForce.revision : epoch > before
}

/** Everything a router needs to know about a service. Immutable; a change is a new revision. */
export interface RoutingTable {
  /** Which control plane sends it, counted: a table of an earlier one is older, whatever its revision. Absent: 0. */
  readonly epoch?: number
  readonly service: string
  /** Grows with every change; a router refuses to go back. */
  readonly revision: number
  readonly salt: string
  readonly unit: readonly UnitSource[]
  /** Who comes without a unit gets one in this cookie. Absent: each such request is a unit of its own. */
  readonly sticky?: { readonly cookie: string; readonly maxAgeS: number }
  /** Where the token is whose claims are units or conditions. Absent: nobody looks for one. */
  readonly token?: TokenSource
  /** Where the country of a request is read from; the path of a database is absolute. */
  readonly country?: CountrySource
  /** Parts of the traffic that rules name. */
  readonly segments?: Readonly<Record<string, Segment>>
  /** Canary first, stable last: a growing share then keeps who was in. */
  readonly arms: readonly RoutingArm[]
  readonly stable: string
  readonly canary: string | null
  readonly rules: readonly RoutingRule[]
  /** Request header that picks a version by name, lower case, or null. */
  readonly overrideHeader: string | null
  /** The override header counts only beside the secret with this SHA-256. Absent: without any. */
  readonly overrideKeySha256?: string
  readonly measurement: Measurement
  /** Absent: nothing is copied. */
  readonly mirror?: Mirror
  /** False: who gets a version that cannot answer sees it. Absent: stable answers what may be sent twice. */
  readonly shield?: false
  /** What all addresses speak: HTTP/2 with prior knowledge. Absent: HTTP/1.1. */
  readonly upstream?: 'h2c'
  /** Whom the gateway believes, and what it tells. Absent: as by default. */
  readonly edge?: EdgeSettings
}
