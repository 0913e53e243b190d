/** Why a rollout is held. */
export type HoldReason = 'operator' | 'pause-step' | 'deadline' | 'gate' | 'no-evidence'

/** Why a rollout went back. */
export type RollbackReason =
  | 'harmful'
  | 'budget'
  | 'aborted'
  | 'failed'
  | 'superseded'
  | 'gate'
  | 'no-evidence'
  | 'no-gain'
  | 'deadline'

interface Common {
  /** Grows by one with every retry; evidence starts anew with it. */
  readonly attempt: number
  /** When the phase (or the step) was entered, ms since the epoch. */
  readonly since: number
}

/** What has been done of a step. */
interface OnStep extends Common {
  readonly step: number
  /** Evidence time gathered in this step, in ms. Only slots with samples of both versions add to it. */
  readonly evidenceMs: number
  /** Gates that have passed, counted in their order; absent: none. */
  readonly passed?: number
  /** Since when the gate that is asked now is asked; after the last, when that one passed. */
  readonly gateSince?: number
  /** The gate that is asked now has failed: it is asked anew, with all its time, when the rollout goes on. */
  readonly gateFailed?: true
  /** Who has approved the gate that is asked now. */
  readonly approvals?: readonly string[]
  /** Canary's copies for the step are not ready yet: it keeps this share meanwhile. */
  readonly waitingBp?: number
}

/** The canary is being started; it has no traffic. */
export interface Preparing extends Common {
  readonly phase: 'preparing'
}
/** A step is in force and the evidence decides. */
export interface Watching extends OnStep {
  readonly phase: 'watching'
}
/** Traffic stays as it is until a person (or harm) decides. `step` −1 means held before any traffic. */
export interface Holding extends OnStep {
  readonly phase: 'holding'
  readonly reason: HoldReason
  readonly by: string
  readonly why: string
}
/** Canary is asked to take everything. */
export interface Promoting extends Common {
  readonly phase: 'promoting'
  readonly by: string
  readonly why: string
}
/** Stable is asked to take everything. */
export interface RollingBack extends Common {
  readonly phase: 'rolling-back'
  readonly reason: RollbackReason
  readonly by: string
  readonly why: string
}
/** Canary has become stable. */
export interface Promoted extends Common {
  readonly phase: 'promoted'
  readonly by: string
  readonly why: string
}
/** Stable has everything again. */
export interface RolledBack extends Common {
  readonly phase: 'rolled-back'
  readonly reason: RollbackReason
  readonly by: string
  readonly why: string
}

/** The state of a rollout: exactly the facts of its phase. */
export type RolloutState = Preparing | Watching | Holding | Promoting | RollingBack | Promoted | RolledBack

/** The phases of a rollout. */
export type Phase = RolloutState['phase']

/** The state of one phase. */
export type StateOf<P extends Phase> = Extract<RolloutState, { phase: P }>

/** Whether nothing more will happen by itself. */
export function isOver(state: RolloutState): state is Promoted | RolledBack {
  return state.phase === 'promoted' || state.phase === 'rolled-back'
}

/** How a rollout begins. */
export function begin(now: number): RolloutState {
  return { phase: 'preparing', attempt: 1, since: now }
}
