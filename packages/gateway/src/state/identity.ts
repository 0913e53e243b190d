import { readFile } from 'node:fs/promises'
import type { ClientCertificates } from '../tls/authority.ts'
import type { CertificateFiles } from '../tls/certificate.ts'

/** Who runs: written to `gateway.json`, so that a control plane can find and adopt the process. */
export interface GatewayIdentity {
  readonly pid: number
  /** Start time of the process in clock ticks since the machine's boot; with the pid it names one process for ever. Null where `/proc` is missing. */
  readonly startTime: number | null
  readonly boot: string
  /** Where clients reach it, such as `http://127.0.0.1:8080`. */
  readonly address: string
  /** Where canary answers whatever its share is, or null. */
  readonly previewAddress: string | null
  readonly adminPort: number
  readonly token: string
  /** What it was told to listen on. */
  readonly listen: string
  /** What it was told to listen on for the preview, or null. */
  readonly preview: string | null
  /** The certificates it was told to show; none without TLS. Absent: an older gateway, which has none. */
  readonly tls?: readonly CertificateFiles[]
  /** What it was told to ask of clients, or null. Absent: an older gateway, which asks nothing. */
  readonly clientCertificates?: ClientCertificates | null
  /** Among how many processes the traffic is shared; absent for one, and for an older gateway. */
  readonly workers?: number
  /** Those that serve now; absent where `workers` is. */
  readonly carriers?: readonly Process[]
}

/** A process, for ever. */
export type Process = Pick<GatewayIdentity, 'pid' | 'startTime'>

/** Start time of a process, or null when it does not run (any more) or `/proc` is missing. */
export async function startTimeOf(pid: number): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may itself hold spaces and parentheses; the state is field 3, the start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const value = Number(fields[19])
    return Number.isFinite(value) && fields[0] !== 'Z' && fields[0] !== 'X' ? value : null
  } catch {
    return null
  }
}

/** Whether the very process that wrote the identity still runs; a process that took over its pid does not count. */
export async function isRunning({ pid, startTime }: Process): Promise<boolean> {
  if (startTime !== null) return (await startTimeOf(pid)) === startTime
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
