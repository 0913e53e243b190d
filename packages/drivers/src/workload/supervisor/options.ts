import type { DriverContext } from '@serin/kit'
import type { ErrorCode, Probe, VersionSpec } from '@serin/spec'
import type { Spoken } from './http-probe.ts'

/** What a replica is started as. `{port}` and `{version}` in the arguments are replaced; PORT and SERIN_VERSION are added to the environment. */
export interface ReplicaCommand {
  /** Program and arguments. A program without a slash is looked up in PATH, one with a slash is relative to `cwd`. */
  readonly argv: readonly string[]
  /** Comes on top of the control plane's own environment. */
  readonly env: Readonly<Record<string, string>>
  /** Absolute. */
  readonly cwd: string
}

/** How a replica ended by itself. */
export interface ReplicaExit {
  /** Exit code, or null when a signal ended it or nobody knows: a replica that was adopted tells only that it is gone. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it said last, oldest first, without escape sequences; at most thirty lines. */
  readonly lastLines: readonly string[]
}

/** What an exit means to a driver that knows its own program. */
export interface ExplainedExit {
  readonly code: ErrorCode
  /** One sentence for people. */
  readonly message: string
  /** Starting it again cannot help: a version that was never up fails at once. */
  readonly permanent: boolean
}

/** What the supervisor of a workload is told. */
export interface SupervisorOptions {
  readonly context: DriverContext
  /**
   * How a replica of the version is started. Called with port 0 too, to see whether the description changed, so it must be pure.
   * It may throw a `SerinError`: the version then fails with it.
   */
  readonly command: (version: string, spec: VersionSpec, port: number) => ReplicaCommand
  /** What replicas speak. Absent: HTTP/1.1. */
  readonly spoken?: Spoken
  readonly ready: Probe
  readonly live: Probe
  /** Time between SIGTERM and SIGKILL in ms. */
  readonly stopWithin: number
  readonly replicasOf: (spec: VersionSpec) => number
  /** Resident memory of a replica above which it is restarted. */
  readonly memoryMaxBytes?: number
  /** Reads an exit; null when it knows nothing better than exit code and last lines. */
  readonly explainExit?: (exit: ReplicaExit) => ExplainedExit | null
  /** A port that is free now; the default asks the system. Tests put a port in its place that somebody takes. */
  readonly freePort?: () => Promise<number>
}
