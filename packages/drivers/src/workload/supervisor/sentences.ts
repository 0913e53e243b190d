import type { ErrorCode } from '@serin/spec'
import { SerinError } from '@serin/spec'
import type { ReplicaExit } from './options.ts'

/** Why a version cannot come up: a code of the catalogue and one sentence. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

/** A time in ms as people say it. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(ms < 1_000 ? 3 : 1))} s`
}

/** `exited with code 1`, `was ended by SIGKILL`. */
export function howItEnded({ code, signal }: Pick<ReplicaExit, 'code' | 'signal'>): string {
  if (signal !== null) return `was ended by ${signal}`
  // Only the parent hears the code, and the parent was a control plane that is gone.
  return code === null ? 'ended' : `exited with code ${code}`
}

/** What it said last, as a sentence with a space before it, or nothing. */
export function saidLast(lines: readonly string[], limit = 3): string {
  if (lines.length === 0) return ''
  const last = lines.slice(-limit)
  // Many programs say first what is wrong, and then where: the line that names the error comes along.
  const named = lines.slice(0, -limit).find((line) => /^\s*(\w*(error|exception)|fatal|panic\w*)\b.*:/i.test(line))
  return ` It said last: “${[...(named === undefined ? [] : [named]), ...last].join(' | ')}”.`
}

/** The failure of a version whose replicas end before they are ready. */
export function exitedFailure(version: string, exit: ReplicaExit, times: number, log: string): Failure {
  const often = times > 1 ? `, ${times} times in a row` : ''
  return {
    code: 'workload.exited',
    message: `${version} ${howItEnded(exit)} without being ready once${often}.${saidLast(exit.lastLines)} Log: ${log}`,
  }
}

/** The failure of a version that runs but does not get ready. */
export function notReadyFailure(version: string, withinMs: number, found: string, lines: readonly string[]): Failure {
  return {
    code: 'workload.not-ready',
    message: `${version} was not ready within ${seconds(withinMs)}: ${found}.${saidLast(lines)}`,
  }
}

/** The failure of a version whose state cannot be written or read. */
export function storageFailure(version: string, directory: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? { code: 'store.full', message: `${version} cannot be started: the disk of ${directory} is full.` }
    : {
        code: 'store.unwritable',
        message: `${version} cannot be started: ${directory} cannot be used (${code ?? message}).`,
      }
}

/** The failure that an error of a driver means. */
export function failureOf(version: string, error: unknown): Failure {
  if (error instanceof SerinError) return { code: error.code, message: error.message }
  const text = error instanceof Error ? error.message : String(error)
  return { code: 'internal', message: `${version} cannot be started: ${text}` }
}

/** Its first letter large, unless it is an address. */
export function capitalised(text: string): string {
  if (/^https?:/.test(text)) return text
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

/** Bytes in MiB, rounded. */
export function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
