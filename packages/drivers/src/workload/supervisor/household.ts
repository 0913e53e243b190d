import type { Clock } from '@serin/kit'
import type { VersionSpec } from '@serin/spec'
import type { LogKeeper } from './log-keeper.ts'
import type { SupervisorOptions } from './options.ts'

/** What all replicas of a supervisor share. */
export interface Household {
  readonly options: SupervisorOptions
  readonly clock: Clock
  readonly directory: string
  readonly logKeeper: LogKeeper
  readonly freePort: () => Promise<number>
}

/** How a replica is to be started, as long as it is wanted. */
export interface Wish {
  readonly spec: VersionSpec
  readonly fingerprint: string
}
