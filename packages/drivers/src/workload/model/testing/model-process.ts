import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../server/main.ts', import.meta.url))

/** How a process ended, and what it wrote to stderr. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

/** A server process of a test; it is killed, at the latest, when the test is over. */
export interface ModelProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly base: string
  readonly ended: Promise<Ended>
  /** Resolves when the path answers 200. Rejects when the process ends before. */
  ready(path: string): Promise<void>
}

/** Starts a server process on a free port and waits until it listens. Rejects when it ends before. */
export async function startModelProcess(...args: readonly string[]): Promise<ModelProcess> {
  const child = spawn(process.execPath, [main, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = endOf(child)
  const port = await Promise.race([portOf(child), failIfEnded(ended)])
  const base = `http://127.0.0.1:${port}`
  return {
    child,
    base,
    ended,
    async ready(path) {
      await Promise.race([until(async () => (await fetch(base + path)).ok), failIfEnded(ended)])
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Runs a server process that is expected to end by itself. */
export async function runModelProcess(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, '--port', '0', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const ended = await endOf(child)
  clearTimeout(late)
  return ended
}

/** Waits until something is true; the deadline is far beyond what a busy machine needs. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1_000} s: ${holds.toString()}`)
    await sleep(20)
  }
}

/** A directory for a test, removed when it is over. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'serin-model-'))
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) }
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode, stderr }
}

async function portOf(child: ChildProcess): Promise<number> {
  let text = ''
  const { stdout } = child
  if (stdout === null) throw new Error('the process was started without a pipe')
  for await (const chunk of stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    const port = /listening on \S+:(\d+)\n/.exec(text)?.[1]
    if (port !== undefined) return Number(port)
  }
  return await new Promise<never>(() => {})
}

async function failIfEnded(ended: Promise<Ended>): Promise<never> {
  const { code, signal, stderr } = await ended
  throw new Error(`the process ended (${signal ?? `code ${code}`}): ${stderr}`)
}
