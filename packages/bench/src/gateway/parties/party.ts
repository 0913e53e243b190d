import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Upstreams } from '../load/process.ts'
import { readAnswer } from '../load/answer.ts'
import { requests } from '../load/requests.ts'
import { ask } from './ask.ts'
import { adopt } from './end-with-us.ts'

const startMs = 20_000

/** A proxy under test, before the two upstreams. */
export interface Party {
  readonly name: string
  readonly port: number
  /** Its first process; the others are its children. */
  readonly pid: number
  /** Where it speaks HTTP/2 in the clear, if it does. */
  readonly h2Port?: number
  /** Gives canary another share, in basis points, as whoever runs such a proxy does; resolves when that is said to be done. */
  readonly change?: (canaryBp: number) => Promise<void>
  close(): Promise<void>
}

/** A proxy that can be started here, or a sentence that says why it cannot. */
export interface Contender {
  readonly name: string
  open(upstreams: Upstreams): Promise<Party | { readonly absent: string }>
}

/** Starts a process, and waits until the expected answer comes from the port it should listen on. */
export async function startParty(
  name: string,
  command: readonly [file: string, ...args: readonly string[]],
  more: {
    readonly port: number | ((child: ChildProcess) => Promise<number>)
    readonly options?: SpawnOptions
    readonly afterwards?: () => Promise<void>
  },
): Promise<Party> {
  const [file, ...args] = command
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...more.options })
  adopt(child)
  const said: string[] = []
  const close = async (): Promise<void> => {
    await end(child)
    await more.afterwards?.()
  }
  try {
    child.stderr?.on('data', (text) => said.push(String(text).slice(0, 2_000)))
    await once(child, 'spawn')
    const port = typeof more.port === 'number' ? more.port : await more.port(child)
    child.stdout?.resume()
    await untilAnswers(port, child)
    return { name, port, pid: child.pid ?? 0, close }
  } catch (cause) {
    await close()
    throw new Error(`${name} did not start: ${said.join('').trim() || String(cause)}`, { cause })
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** The port a process prints as its first output. */
export async function printedPort(child: ChildProcess): Promise<number> {
  const signal = AbortSignal.timeout(startMs)
  const dies = once(child, 'exit', { signal }).then(() => {
    throw new Error('it ended before it said where it listens')
  })
  const [text] = (await Promise.race([once(child.stdout ?? child, 'data', { signal }), dies])) as [unknown]
  return Number(text)
}

async function untilAnswers(port: number, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + startMs
  for (;;) {
    const answer = await ask(port, requests[0] ?? Buffer.alloc(0))
    if (typeof readAnswer(answer) === 'object') return
    if (child.exitCode !== null || performance.now() > deadlineMs)
      throw new Error(
        `no expected answer came; the last was ${JSON.stringify(answer.toString('latin1').slice(0, 300))}`,
      )
    await sleep(50)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const over = once(child, 'exit')
  child.kill('SIGTERM')
  const gone = await Promise.race([over.then(() => true), sleep(5_000, false, { ref: false })])
  if (!gone) child.kill('SIGKILL')
  await over
}
