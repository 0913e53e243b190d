import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { ReplicaCommand } from './options.ts'
import { tokenVariable } from './process-table.ts'

/** What a replica is started with. */
export interface LaunchOrder {
  readonly command: ReplicaCommand
  readonly version: string
  readonly port: number
  readonly token: string
  /** File descriptor of its log. */
  readonly log: number
}

/** A program that cannot be started. `permanent` says that trying again cannot help. */
export interface Refusal {
  /** The end of a sentence that begins with the version. */
  readonly message: string
  readonly permanent: boolean
}

/** The environment of a replica: the control plane's own without what is Serin's, the command's, and what the port promises. */
export function environmentOf({ command, version, port, token }: Omit<LaunchOrder, 'log'>): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('SERIN_') ? [] : [[name, value] as const],
  )
  return {
    ...Object.fromEntries(inherited),
    ...command.env,
    PORT: String(port),
    SERIN_VERSION: version,
    [tokenVariable]: token,
  }
}

/** Why a command cannot be started, or the program it means. Looked at beforehand, for the system only says `ENOENT` to everything. */
export function findProgram(
  { argv: [program = ''], cwd }: ReplicaCommand,
  path: string,
): Refusal | { readonly program: string } {
  if (!isKind(cwd, 'directory')) return refuse(`its working directory ${cwd} does not exist`)
  if (program.includes('/')) {
    const file = resolve(cwd, program)
    if (!isKind(file, 'file')) return refuse(`there is no program ${file}`)
    return isExecutable(file) ? { program: file } : refuse(`${file} is not executable`)
  }
  const files = path.split(delimiter).map((directory) => resolve(cwd, join(directory, program)))
  const found = files.filter((file) => isKind(file, 'file'))
  const executable = found.find(isExecutable)
  if (executable !== undefined) return { program: executable }
  return refuse(found[0] === undefined ? `there is no program "${program}" in PATH` : `${found[0]} is not executable`)
}

/**
 * Starts a replica in a session of its own, so that it outlives this process and can be signalled with all it starts. Standard output and
 * error go straight to the log. The process exists, or never will, before the first promise is waited for.
 */
export async function startProcess(
  order: LaunchOrder,
): Promise<Refusal | { readonly child: ChildProcess; readonly pid: number }> {
  const { command, version, port, log } = order
  const env = environmentOf(order)
  const found = findProgram(command, env['PATH'] ?? '/usr/bin:/bin')
  if ('message' in found) return found
  const args = command.argv
    .slice(1)
    .map((arg) => arg.replaceAll('{port}', String(port)).replaceAll('{version}', version))
  try {
    const child = spawn(found.program, args, {
      argv0: command.argv[0] ?? found.program,
      cwd: command.cwd,
      env,
      detached: true,
      stdio: ['ignore', log, log],
    })
    const failed = once(child, 'error').catch(() => [])
    if (child.pid === undefined) throw ((await failed) as readonly unknown[])[0]
    child.unref()
    return { child, pid: child.pid }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return refuse(`the interpreter that ${found.program} names in its first line does not exist`)
    const passing = code === 'EAGAIN' || code === 'ENOMEM' || code === 'EMFILE' || code === 'ENFILE'
    return refuse(`the system does not start ${found.program} (${code ?? message})`, !passing)
  }
}

function refuse(reason: string, permanent = true): Refusal {
  return { message: `cannot be started: ${reason}.`, permanent }
}

function isKind(path: string, kind: 'file' | 'directory'): boolean {
  try {
    const stat = statSync(path)
    return kind === 'file' ? stat.isFile() : stat.isDirectory()
  } catch {
    return false
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
