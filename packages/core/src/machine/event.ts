/** What the evidence says about the step in force. */
export type Verdict = 'safe' | 'harmful' | 'undecided'

/** What a budget of harm allows: the share canary may grow to, and the share above which it may not stay. In basis points. */
export interface Ramp {
  readonly growBp: number
  readonly stayBp: number
  readonly why: string
}

/** Who acts and why; in the journal with every command. */
interface Command {
  readonly by: string
  readonly why: string
}

/** Everything that can happen to a rollout. Facts first, then what people ask for. */
export type RolloutEvent =
  /** Every replica of canary has been ready. */
  | { readonly type: 'canary-ready'; readonly ramp?: Ramp }
  /** Canary cannot come up, or nothing of it is left. */
  | { readonly type: 'canary-failed'; readonly why: string }
  /** The copies of canary that a step asks for are ready. */
  | { readonly type: 'scaled'; readonly attempt: number; readonly step: number }
  /** One slot of evidence was judged; `creditMs` is its length when both versions had samples, else 0. `attempt` says which evidence. */
  | {
      readonly type: 'judged'
      readonly attempt: number
      readonly verdict: Verdict
      readonly why: string
      readonly creditMs: number
      readonly ramp?: Ramp
      /** Units canary has served in all. */
      readonly units?: number
      /** Experiments: canary is better at what it is about, or enough units have not shown it. */
      readonly goal?: { readonly verdict: 'better' | 'not-shown'; readonly why: string }
    }
  /** A gate has spoken. */
  | {
      readonly type: 'gate'
      readonly attempt: number
      readonly step: number
      readonly gate: number
      readonly outcome: 'passed' | 'failed'
      readonly why: string
    }
  /** Evidence has been missing for longer than the service wants to wait. */
  | { readonly type: 'unhealthy'; readonly attempt: number; readonly do: 'hold' | 'rollback'; readonly why: string }
  /** The router says canary’s share in force. */
  | { readonly type: 'in-force'; readonly weightBp: number }
  /** Time has passed. */
  | { readonly type: 'tick' }
  | ({ readonly type: 'pause' } & Command)
  | ({ readonly type: 'resume' } & Command)
  /** `seenStep` is the step the person saw; a stale click is refused. `full` skips all steps. */
  | ({ readonly type: 'promote'; readonly full: boolean; readonly seenStep: number | null } & Command)
  /** To any step, also to an earlier one. */
  | ({ readonly type: 'jump'; readonly to: number; readonly seenStep: number | null } & Command)
  /** A person says yes to the gate that is asked now; to no other than the one they saw, where they say which. */
  | ({ readonly type: 'approve'; readonly seenStep?: number | null; readonly seenGate?: string | null } & Command)
  | ({ readonly type: 'abort' } & Command)
  | ({ readonly type: 'retry' } & Command)
  /** Another version takes the place of this one. */
  | ({ readonly type: 'supersede' } & Command)

/** The events of one type. */
export type EventOf<E extends RolloutEvent['type']> = Extract<RolloutEvent, { type: E }>
