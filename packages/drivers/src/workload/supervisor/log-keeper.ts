import type { Clock } from '@serin/kit'
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bootId, identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/**
 * Cuts logs that grew beyond the limit, once a second: the last `limit` bytes move to `.log.1`, the log begins anew; what is written in
 * between is lost. Ends when no process named in a record runs. Cutting comes first even on a full disk, where the copy fails.
 */
const script = `
directory=$1 limit=$2
while sleep 1; do
  runs=
  for record in "$directory"/*.json; do
    line=
    { IFS= read -r line < "$record"; } 2>/dev/null
    pid=\${line#'{"pid":'}
    pid=\${pid%%,*}
    case $pid in '' | 0 | *[!0-9]*) continue ;; esac
    kill -0 "$pid" 2>/dev/null && runs=yes
  done
  [ -n "$runs" ] || exit 0
  find "$directory" -type f -name '*.log' -size "+\${limit}c" | while IFS= read -r log; do
    tail -c "$limit" "$log" > "$log.1"
    : > "$log"
  done
done
`

/**
 * The process that keeps the logs of a directory small. It is no part of this one, for replicas go on writing when the control plane is
 * dead; a shell takes a megabyte where another runtime takes forty. It ends by itself a second after the last replica.
 */
export class LogKeeper {
  readonly #directory: string
  readonly #limitBytes: number
  #keeper: ProcessIdentity | null = null

  constructor(directory: string, limitBytes: number) {
    this.#directory = directory
    this.#limitBytes = limitBytes
  }

  /** Starts it unless it runs. A keeper that cannot be started is no reason not to run a replica; the next call tries again. */
  ensure(): void {
    this.#keeper ??= this.#read()
    if (this.#keeper !== null && isAlive(this.#keeper)) return
    const child = spawn('/bin/sh', ['-c', script, 'serin-log-keeper', this.#directory, String(this.#limitBytes)], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    })
    child.once('error', () => {})
    child.unref()
    this.#keeper = child.pid === undefined ? null : identify(child.pid)
    if (this.#keeper !== null) this.#write({ ...this.#keeper, boot: bootId() })
  }

  /** Ends it, for nothing writes any more; resolves when it is gone. */
  async end(clock: Clock): Promise<void> {
    const keeper = this.#keeper ?? this.#read()
    this.#keeper = null
    rmSync(this.#file, { force: true })
    if (keeper === null || !isAlive(keeper)) return
    try {
      process.kill(-keeper.pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
    // It has nothing to hold it, but a busy machine takes a moment.
    for (let looks = 0; looks < 500 && isAlive(keeper); looks += 1) await clock.sleep(10)
  }

  get #file(): string {
    return join(this.#directory, 'log-keeper.pid')
  }

  #write(identity: ProcessIdentity & { readonly boot: string | null }): void {
    try {
      writeFileSync(this.#file, JSON.stringify(identity), { mode: 0o600 })
    } catch {
      // A second keeper beside it would do no harm: both cut, and both end with the last replica.
    }
  }

  #read(): ProcessIdentity | null {
    try {
      const { pid, startTime, boot } = JSON.parse(readFileSync(this.#file, 'utf8')) as ProcessIdentity & {
        readonly boot: string | null
      }
      return Number.isInteger(pid) && pid > 0 && boot === bootId() ? { pid, startTime } : null
    } catch {
      return null
    }
  }
}
