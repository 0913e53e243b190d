/** Depths at which a unit is scored once each: its first, third and tenth event: one coin per user (docs/why/statistics.md). */
export const eventDepths = [1, 3, 10] as const

/**
 * How often each kind of event reached each depth in a slot: `[first, third, tenth]`.
 * Kinds: `error`, and `slow0` … `slow5` for the latency cuts of the routing table, in its order.
 * Without a unit (each request is its own) only the first place is used.
 */
export type EventCounts = Readonly<Record<string, readonly [number, number, number]>>

/** Buckets of units in a slot: few enough to be stored every second, enough for an honest variance. */
export const slotBuckets = 64

/** What the units of one bucket did in a slot, of the randomised: `[bucket, requests, errors, latency scored, above cut 0, above cut 1, …]`. */
export type BucketCounts = readonly number[]

/** Values of a slice that are followed by name; whatever comes after them counts as `other`. */
export const sliceValues = 32

/** What all other values of a slice count as. */
export const otherValue = 'other'

/**
 * Randomised traffic by slice and value: `[requests, errors, events]`. Events are units whose first error in that value ended in the slot
 * (each unit once per value and rollout: one coin), or without units the errors.
 */
export type SliceCounts = Readonly<Record<string, Readonly<Record<string, readonly [number, number, number]>>>>

/** Sums of the units of one bucket, in this order; times in ms. */
export const generationColumns = [
  'bucket',
  'answers',
  'firstByteMs',
  'streams',
  'firstTokenMs',
  'gaps',
  'gapMs',
  'timed',
  'timedMs',
  'tokens',
  'usages',
  'promptTokens',
  'completionTokens',
] as const

/**
 * What the answers of a language model showed in a slot, of the randomised and successful. `answers` had a body, `streams` an event with
 * text, `gaps` lie between two such events, `timed` answers were whole and their tokens known, `usages` said what they took.
 */
export interface GenerationSlot {
  /** Answers in a content coding: only their first byte is known. */
  readonly unread: number
  /** Streams without usage: their events were counted as their tokens. */
  readonly estimated: number
  /** Rows of `generationColumns`, in rising order; each request without a unit falls in any bucket. */
  readonly buckets: readonly (readonly number[])[]
}

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
  /** Units that were seen for the first time since the rollout's first canary traffic, and assigned here. */
  readonly newUnits: number
  /** Units this version served for the first time since then; at a growing share also units that stable had served. */
  readonly servedUnits: number
  /** Units whose first request to this version ended in the slot, and how many of those requests failed: one trial per unit, independent of all others. */
  readonly firstRequests: number
  readonly firstErrors: number
  /** Units scored per event and depth (sticky units), or events themselves (no unit); counted since the rollout's first canary traffic. */
  readonly events: EventCounts
  /** The same, counted anew since the epoch of the slot began; empty without units. */
  readonly recentEvents: EventCounts
  /** Sums per bucket of units, in rising order; empty without units and between rollouts. */
  readonly buckets: readonly BucketCounts[]
  /** Latency of successful requests: sparse `[bin, count]` of the log histogram of `@serin/stats`. */
  readonly latency: readonly (readonly [number, number])[]
  /** Sum of the latencies in `latency`, in ms. */
  readonly latencySumMs: number
  /** Successful randomised requests that were eligible for latency scoring (after warm-up). */
  readonly latencyScored: number
  /** Requests in flight at the end of the slot. */
  readonly inFlight: number
  /** Requests that stable was asked to answer because the version had not; absent when there were none. They count here, as if it had not been asked. */
  readonly shielded?: number
  /** Absent when no slices are asked for. */
  readonly slices?: SliceCounts
  /** Absent when answers are not looked into, or there were none. */
  readonly generation?: GenerationSlot
}

/** What copies of requests showed in one slot; each compared pair counts once. */
export interface MirrorSlot {
  /** Copies that were begun, and those that were not: too much under way, or a body too large to keep. */
  readonly sent: number
  readonly dropped: number
  /** Both versions answered (or failed) and were compared. */
  readonly compared: number
  /** Of the compared: answers that differ in any way that is looked at. */
  readonly different: number
  /** Of the different: another status; another body with the same status. */
  readonly differentStatus: number
  readonly differentBody: number
  /** Pairs in which only canary, or only stable, failed (5xx, refused, reset, timed out). */
  readonly onlyCanaryFailed: number
  readonly onlyStableFailed: number
  /** Latency of pairs both answered: sparse `[bin, count]`, as in `ArmSlot`. */
  readonly canaryLatency: readonly (readonly [number, number])[]
  readonly stableLatency: readonly (readonly [number, number])[]
}

/** A gateway took canary's share away by itself, for the rest of an attempt. */
export interface Reflex {
  /** `measurement.rollout` of the attempt. */
  readonly rollout: string
  /** ms since the epoch, on the gateway's clock. */
  readonly at: number
  /** ln of the evidence that errors are more frequent on canary, and what it had to reach. */
  readonly logE: number
  readonly threshold: number
}

/** What a gateway saw in at most one second, cut whenever its routing table changes. */
export interface EvidenceSlot {
  /** Identity of the gateway process; a new one starts its sequence anew and knows no unit. */
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
  /** Grows when `recentEvents` are counted anew, from 0 in each rollout; a slot lies within one epoch. */
  readonly epoch: number
  /** Asked share of each version in that table, in basis points. */
  readonly weights: Readonly<Record<string, number>>
  /** Whether units are sticky (a unit source found an id) — then events are scored per unit. */
  readonly sticky: boolean
  readonly arms: Readonly<Record<string, ArmSlot>>
  /** Absent when nothing is copied. */
  readonly mirror?: MirrorSlot
  /** Present while the gateway keeps canary's share at zero by itself. */
  readonly reflex?: Reflex
  /** Present when users were sent elsewhere than these weights send them: somebody changed the router meanwhile, and the slot is evidence of nothing. */
  readonly strayed?: true
}
