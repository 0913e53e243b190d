import type { Gate, Notice, RoutingRule } from '@serin/spec'
import type { Mirror } from './routing.ts'

/** A gate with a name of its own within its step. */
export type NamedGate = Gate & { readonly name: string }

/** Requests that are copied to canary during a step, and what their answers have to be like. */
export interface MirrorAsk extends Omit<Mirror, 'version' | 'endpoints'> {
  /** Part of the pairs that may differ, 0..1. */
  readonly maxDifferentRatio: number
  /** Pairs that have to be compared at least. */
  readonly minPairs: number
}

/** One step of a plan: canary takes `weightBp` of the units until the evidence, and its gates, allow the next. */
export interface PlanStep {
  readonly weightBp: number
  /** Evidence time the step needs at least, in ms. */
  readonly holdMs: number
  /** Wait for a person after the evidence is in. */
  readonly pause: boolean
  /** For people. */
  readonly name?: string
  /**
   * What the evidence has to say. Absent: safe for the next share, or a budget for it (a step without any traffic asks only its gates). `no-harm`: nothing
   * against it, for schedules and for what nothing can be compared with. `decided`: safe, and better at what the experiment is about.
   */
  readonly passes?: 'no-harm' | 'decided'
  /** The share grows evenly from this one to `weightBp` over `holdMs`. */
  readonly fromBp?: number
  /** Units canary must have served in all. */
  readonly minUnits?: number
  readonly mirror?: MirrorAsk
  /** Requests that canary answers whatever their bucket says. */
  readonly rules?: readonly RoutingRule[]
  /** Copies that run during the step; absent: as the version says. The share waits until canary's are ready. */
  readonly canaryReplicas?: number
  /** Copies of stable while those of canary come up, and once the share of the step is in force: it is never short of copies for what it has to serve. */
  readonly stableReplicas?: { readonly starting: number; readonly serving: number }
  /** Copies of both versions together there may be meanwhile; canary's wait for stable's to go. */
  readonly mostCopies?: number
  /** In turn: each is asked when those before it have passed. */
  readonly gates?: readonly NamedGate[]
  readonly notices?: readonly Notice[]
}

/** What every strategy compiles to, and the only thing the machine follows. */
export interface Plan {
  readonly strategy: 'canary' | 'adaptive' | 'blue-green' | 'rolling' | 'ab' | 'shadow' | 'composite' | 'instant'
  readonly stable: string
  readonly canary: string
  readonly steps: readonly PlanStep[]
  /** adaptive: events that the whole rollout may cost; its steps are the shares it may choose from, and their hold the time between two of them. */
  readonly budget?: number
  /** ab: the metric at which canary has to be better, and the units (of both arms) after which it is given up. */
  readonly goal?: { readonly metric: string; readonly maxUnits: number }
  /** ab: more versions that want stable's place; the share of the experiment is divided evenly. */
  readonly rivals?: readonly string[]
  /** A step is held for a person when it has not passed this long after its hold, in ms. Time in which a gate is asked does not count. */
  readonly deadlineMs: number
  /** What happens past it. Absent: it is held. */
  readonly onDeadline?: 'rollback'
}
