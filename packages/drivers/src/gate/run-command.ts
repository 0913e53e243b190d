import type { Clock, GateContext } from '@serin/kit'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify } from '../workload/supervisor/process-identity.ts'
import { tokenVariable } from '../workload/supervisor/process-table.ts'
import { endProcess } from '../workload/supervisor/running-process.ts'
import { findProgram } from '../workload/supervisor/start-process.ts'
import { fill, placesOf, unknownPlace } from './places.ts'
import { lookUp } from './secrets.ts'

/** What is kept of each stream, from its end. */
const keptChars = 65_536
/** Time between SIGTERM and SIGKILL. */
const graceMs = 5_000
const longestLine = 500

/** A command to run once. */
export interface CommandRun {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string | undefined
  readonly timeoutMs: number
}

/** How a command ended. */
export type Ran =
  | {
      readonly kind: 'ended'
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
      /** The end of standard output, without secrets. */
      readonly out: string
      /** What it said last on either stream, without secrets. */
      readonly lastLines: readonly string[]
    }
  | { readonly kind: 'late'; readonly lastLines: readonly string[] }
  /** It was not started; `why` is one sentence. `yet`: it may be later. */
  | { readonly kind: 'not started'; readonly why: string; readonly yet: boolean }

const clock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => await sleep(ms, undefined, signal === undefined ? {} : { signal }),
}

/**
 * Runs a command, without a shell, as a process group of its own. When it ends, is late, or the signal aborts, all it started is ended: SIGTERM, then
 * SIGKILL. Resolves when nothing of it runs; rejects only when the signal aborts.
 */
export async function runCommand(run: CommandRun, context: GateContext, signal: AbortSignal): Promise<Ran> {
  signal.throwIfAborted()
  const { baseDirectory } = context
  const looked = await lookUp(run.env, baseDirectory)
  if ('problem' in looked) return { kind: 'not started', why: looked.problem, yet: true }
  const argv: string[] = []
  for (const word of run.command) {
    const filled = fill(word, placesOf(context))
    if ('missing' in filled) return { kind: 'not started', why: unknownPlace(context, filled.missing), yet: true }
    argv.push(filled.text)
  }
  const token = randomUUID()
  const env: Record<string, string> = { ...environmentOf(context), ...looked.values, [tokenVariable]: token }
  const cwd = resolve(baseDirectory, run.cwd ?? '.')
  const found = findProgram({ argv, env, cwd }, env['PATH'] ?? '/usr/bin:/bin')
  if ('message' in found)
    return { kind: 'not started', why: `${argv[0] ?? 'The command'} ${found.message}`, yet: false }
  signal.throwIfAborted()
  let child: ChildProcess
  try {
    child = spawn(found.program, argv.slice(1), { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const failed = once(child, 'error').catch(() => [])
    if (child.pid === undefined) throw ((await failed) as readonly unknown[])[0]
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { kind: 'not started', why: `The system does not start ${found.program} (${code ?? message}).`, yet: false }
  }
  const said = { out: '', both: '' }
  listen(child, said)
  const ended = await endOf(child, { token, timeoutMs: run.timeoutMs }, signal)
  signal.throwIfAborted()
  const lastLines = linesOf(hidden(said.both, looked))
  return ended === null
    ? { kind: 'late', lastLines }
    : { kind: 'ended', ...ended, out: hidden(said.out, looked), lastLines }
}

/** How it ended by itself, or null when it was ended; nothing of it runs then. */
async function endOf(
  child: ChildProcess,
  { token, timeoutMs }: { readonly token: string; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<{ code: number | null; signal: NodeJS.Signals | null } | null> {
  const identity = identify(child.pid ?? 0)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, by) => resolve({ code, signal: by }))
  })
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const stopped = over.aborted
    ? Promise.resolve(null)
    : new Promise<null>((resolve) => over.addEventListener('abort', () => resolve(null), { once: true }))
  const ended = await Promise.race([exit, stopped])
  await endProcess({ identity, token }, { clock, graceMs, hurry: new AbortController().signal })
  // Whoever escaped even that may hold the pipes open; what was said until now is enough.
  await Promise.race([closed, sleep(1_000)])
  child.stdout?.destroy()
  child.stderr?.destroy()
  return ended
}

function listen(child: ChildProcess, said: { out: string; both: string }): void {
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.out = (said.out + text).slice(-keptChars)
    said.both = (said.both + text).slice(-keptChars)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.both = (said.both + text).slice(-keptChars)
  })
}

/** The control plane's own environment without what is Serin's, and what the file format promises. */
function environmentOf({ service, rollout, stable, canary, preview }: GateContext): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('SERIN_') ? [] : [[name, value] as const],
  )
  return {
    ...Object.fromEntries(inherited),
    SERIN_SERVICE: service,
    SERIN_VERSION: canary,
    SERIN_STABLE: stable,
    SERIN_ROLLOUT: rollout,
    ...(preview === null ? {} : { SERIN_PREVIEW: preview }),
  }
}

/** A text that was cut may begin with the rest of a secret, which no longer looks like one: that much of it goes too. */
function hidden(text: string, { hide, longest }: { hide: (text: string) => string; longest: number }): string {
  const shown = hide(text)
  return text.length < keptChars ? shown : shown.slice(longest)
}

function linesOf(text: string): readonly string[] {
  // oxlint-disable-next-line no-control-regex
  const plain = text.replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '')
  const lines = plain.split(/[\r\n]+/).filter((line) => line.trim() !== '')
  return lines.slice(-30).map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line))
}
