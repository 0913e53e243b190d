/** One step of a plan: canary takes `weightBp` of the units until the evidence allows the next. */
export interface PlanStep {
  readonly weightBp: number
  /** Evidence time the step needs at least, in ms. */
  readonly holdMs: number
  /** Wait for a person after the evidence is in. */
  readonly pause: boolean
}

/** What every strategy compiles to, and the only thing the machine follows. */
export interface Plan {
  readonly strategy: 'canary' | 'adaptive' | 'instant'
  readonly stable: string
  readonly canary: string
  readonly steps: readonly PlanStep[]
  /** adaptive: events that the whole rollout may cost; its steps are the shares it may choose from, and their hold the time between two of them. */
  readonly budget?: number
  /** A step is held for a person when it has not passed this long after its hold, in ms. */
  readonly deadlineMs: number
}
