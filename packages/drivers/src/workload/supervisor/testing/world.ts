import type { Clock, DriverContext, ReplicaObservation, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import { Service, type VersionSpec } from '@serin/spec'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The clock on the wall. */
export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => await sleep(ms, undefined, signal === undefined ? {} : { signal }),
}

/** The program that replicas run. */
export const program = [process.execPath, fileURLToPath(new URL('replica-program.ts', import.meta.url))]

/** A state directory, a mark that every process started for it carries, and what it takes to look after both. */
export interface World extends AsyncDisposable {
  readonly directory: string
  /** Goes into the environment of replicas, so that they are found whatever becomes of them. */
  readonly mark: string
  context(workload?: Record<string, unknown>): DriverContext
  /** A version of the test program. */
  version(env?: Readonly<Record<string, string>>, more?: VersionSpec): VersionSpec
  /** Remembers a runner, so that it is ended with the world. */
  own(runner: WorkloadRunner): WorkloadRunner
  /** Pids of all processes that carry the mark. */
  marked(): readonly number[]
  /** What is left: marked processes, log keepers, records. */
  leftovers(): readonly string[]
}

/** Makes a world in a directory of its own. */
export async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'serin-workload-'))
  const mark = randomUUID()
  const runners: WorkloadRunner[] = []
  const marked = (): readonly number[] => pidsWhere('environ', (text) => text.split('\0').includes(`MARK=${mark}`))
  const keepers = (): readonly number[] =>
    pidsWhere('cmdline', (text) => text.includes('serin-log-keeper') && text.includes(directory))
  return {
    directory,
    mark,
    marked,
    context: (workload = {}) => contextIn(directory, workload),
    version: (env = {}, more = {}) => ({ env: { MARK: mark, ...env }, ...more }),
    own(runner) {
      runners.push(runner)
      return runner
    },
    leftovers: () => [
      ...marked().map((pid) => `process ${pid}`),
      ...keepers().map((pid) => `log keeper ${pid}`),
      ...(existsSync(directory) ? readdirSync(directory).filter((name) => !/\.log(\.1)?$/.test(name)) : []),
    ],
    [Symbol.asyncDispose]: async () => {
      for (const runner of runners)
        await Promise.all(runner.versions().map((version) => runner.stop(version, AbortSignal.abort())))
      for (const pid of [...marked(), ...keepers()]) process.kill(pid, 'SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** What a process driver is opened with: the test program, looked at more often than people would. */
export function contextIn(stateDirectory: string, workload: Readonly<Record<string, unknown>>): DriverContext {
  const probe = { every: '200ms', timeout: '500ms' }
  return {
    service: 'shop',
    spec: Service.decode({
      listen: 0,
      workload: { kind: 'process', command: program, ready: probe, live: probe, ...workload } as never,
      versions: { v1: {} },
      stable: 'v1',
    }),
    baseDirectory: tmpdir(),
    stateDirectory,
    clock: wallClock,
  }
}

/** Waits until the version is as expected, or says what it was last. Asks for it again all the while, and dismisses who leaves, as an engine does. */
export async function until(
  runner: WorkloadRunner,
  version: string,
  expected: (seen: WorkloadObservation) => boolean,
  { spec, withinMs = 60_000 }: { readonly spec?: VersionSpec; readonly withinMs?: number } = {},
): Promise<WorkloadObservation> {
  const deadline = performance.now() + withinMs
  for (;;) {
    if (spec !== undefined) runner.ensure(version, spec)
    const seen = runner.observe(version)
    if (expected(seen)) return seen
    for (const { id, state } of seen.replicas) if (state === 'leaving') runner.dismiss(version, id)
    assert.ok(performance.now() < deadline, `${version} stayed as it was: ${JSON.stringify(seen)}`)
    await sleep(20)
  }
}

/** Waits until something is so. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `never came true: ${what}`)
    await sleep(20)
  }
}

/** Expects a state. */
export const is =
  (state: WorkloadObservation['state']) =>
  (seen: WorkloadObservation): boolean =>
    seen.state === state

/** What the test program says of itself, or null when nobody answers. */
export interface Facts {
  readonly version: string
  readonly pid: number
  readonly port: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly serin: readonly string[]
}

export async function factsOf({ endpoint }: Pick<ReplicaObservation, 'endpoint'>): Promise<Facts | null> {
  return await ask(`${endpoint ?? 'http://127.0.0.1:9'}/facts`).then(
    (text) => JSON.parse(text) as Facts,
    () => null,
  )
}

/** The pid of a replica that answers. */
export async function pidOf(replica: ReplicaObservation | undefined): Promise<number> {
  const facts = await factsOf(replica ?? { endpoint: null })
  assert.ok(facts !== null, `${replica?.id} does not answer`)
  return facts.pid
}

/** The body of an answer. Rejects when nobody answers. */
export async function ask(url: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    get(url, { agent: false, signal: AbortSignal.timeout(10_000) }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve(text)).on('error', reject)
    }).on('error', reject)
  })
}

/** Processes, other than this one and zombies, by a file of theirs in `/proc`. */
function pidsWhere(file: 'environ' | 'cmdline', holds: (text: string) => boolean): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return holds(readFileSync(`/proc/${name}/${file}`, 'utf8'))
      } catch {
        return false
      }
    })
    .map(Number)
}
