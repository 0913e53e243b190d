/** Depths at which a unit is scored once each: its first, third and tenth event (DETECTION §5: one coin per user). */
export const eventDepths = [1, 3, 10] as const

/**
 * How often each kind of event reached each depth in a slot: `[first, third, tenth]`.
 * Kinds: `error`, and `slow0` … `slow5` for the latency cuts of the routing table, in its order.
 * Without a unit (each request is its own) only the first place is used.
 */
export type EventCounts = Readonly<Record<string, readonly [number, number, number]>>

/** What one version did in one slot. */
export interface ArmSlot {
  /** All requests answered or failed in the slot, whoever chose the version. */
  readonly requests: number
  /** Requests that failed: 5xx, refused, reset or timed-out. Of all requests. */
  readonly errors: number
  /** Answers by class of status, index 1–5; index 0 counts connections that gave no answer. */
  readonly statusClasses: readonly [number, number, number, number, number, number]
  /** Requests assigned by the hash (not by rule or override): the only ones that count as evidence. */
  readonly randomised: number
  /** Errors among the randomised. */
  readonly randomisedErrors: number
  /** Units the hash assigned here for the first time in this rollout. */
  readonly newUnits: number
  /** Units scored per event and depth (sticky units), or events themselves (no unit). */
  readonly events: EventCounts
  /** Latency of successful requests: sparse `[bin, count]` of the log histogram of `@serin/stats`. */
  readonly latency: readonly (readonly [number, number])[]
  /** Sum of the latencies in `latency`, in ms. */
  readonly latencySumMs: number
  /** Successful randomised requests that were eligible for latency scoring (after warm-up). */
  readonly latencyScored: number
  /** Requests in flight at the end of the slot. */
  readonly inFlight: number
}

/** What a gateway saw in at most one second, cut whenever its routing table changes. */
export interface EvidenceSlot {
  /** Identity of the gateway process; a new one starts its sequence anew. */
  readonly boot: string
  /** Grows by one per slot of a boot. */
  readonly seq: number
  /** End of the slot, ms since the epoch, on the gateway's clock. */
  readonly at: number
  readonly durationMs: number
  /** Revision of the routing table in force during the slot. */
  readonly revision: number
  /** `measurement.rollout` of that table. */
  readonly rollout: string
  /** Asked share of each version in that table, in basis points. */
  readonly weights: Readonly<Record<string, number>>
  /** Whether units are sticky (a unit source found an id) — then events are scored per unit. */
  readonly sticky: boolean
  readonly arms: Readonly<Record<string, ArmSlot>>
}
