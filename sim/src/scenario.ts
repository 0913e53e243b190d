import type { ControlPlane } from './control-plane.ts'
import type { DataPlane } from './data-plane.ts'
import type { Fleet, Upbringing } from './fleet.ts'
import type { GateBehaviour, GateKeeper } from './gate-keeper.ts'
import type { Chance } from './seeded.ts'
import type { Behaviour, Surroundings } from './traffic.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What somebody can say. */
export type StageCommand =
  | 'pause'
  | 'resume'
  | 'promote'
  | 'promote-full'
  | 'abort'
  | 'retry'
  | 'undo'
  | 'jump-first'
  | 'jump-last'
  | 'approve-ann'
  | 'approve-bob'
  | 'release-v3'
  | 'queue-v3'
  | 'hotfix-v3'

/** Everything a mishap can get its hands on. */
export interface Stage {
  readonly clock: VirtualClock
  readonly dataPlane: DataPlane
  readonly controlPlane: ControlPlane
  readonly fleet: Fleet
  readonly gateKeeper: GateKeeper
  /** Gives the rollout a command with a reason of its own; what was acknowledged must be in the journal for ever. */
  readonly command: (type: StageCommand) => void
}

/** Something that happens at a time after the release. */
export interface Mishap {
  readonly atMs: number
  readonly what: string
  readonly act: (stage: Stage) => void
}

/** A world to release a version in, and what has to come of it. */
export interface Scenario {
  readonly name: string
  /** What must come of it, in a sentence. */
  readonly promise: string
  readonly surroundings: Surroundings
  readonly stable: Behaviour
  readonly canary: Behaviour
  readonly upbringing: Readonly<Record<string, Upbringing>>
  /** Fields of the service in the release file that differ from the usual ones. */
  readonly file: Readonly<Record<string, unknown>>
  /** How gates behave, by name; others pass soon. */
  readonly gates?: Readonly<Record<string, GateBehaviour>>
  readonly mishaps: (chance: Chance) => readonly Mishap[]
  /** Time of the world after which a rollout that still moves is called stuck. */
  readonly limitMs: number
  /** Canary is no worse than stable: how often such a version is rolled back for harm has a budget, and many runs are judged by it. */
  readonly healthy: boolean
  /** How often a harmful version may be promoted by the guarantee of a guardrail; many runs are judged by it. Absent: never. */
  readonly falsePromotionRatio?: number
  /** Why the outcome is not as promised, or null. */
  readonly expect: (outcome: Outcome) => string | null
}

/** How a simulated rollout went. */
export interface Outcome {
  readonly scenario: string
  readonly seed: number
  /** `waiting`: people are asked to approve it. */
  readonly end: 'promoted' | 'rolled-back' | 'held' | 'waiting' | 'stuck'
  /** Of the rollback or the hold, or null. */
  readonly reason: string | null
  readonly sentence: string
  /** The version that was released last. */
  readonly version: string
  /** From the first traffic of canary to the decision, in ms; null when there was no decision. */
  readonly decidedAfterMs: number | null
  readonly exposedRequests: number
  readonly exposedUnits: number
  /** Requests that found no replica with room. */
  readonly turnedAway: number
  /** The largest share canary ever had, in basis points. */
  readonly highestBp: number
  readonly switchMs: number
  readonly violations: readonly string[]
  readonly journalEntries: number
  /** Hash of the last entry: two runs are the same exactly when this is. */
  readonly journalHash: string
  readonly lives: number
  /** Of them those that found another in their place, and stopped. */
  readonly fenced: number
  readonly worldMs: number
}
