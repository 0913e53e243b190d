import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '@serin/sdk'
import type { Rollout, VersionStatus } from '@serin/spec'
import { ControlPlane } from './control-plane.ts'
import { startLoad, type Load } from './load.ts'
import { servicesFile, type ServiceFileOptions } from './service-file.ts'
import { until } from './until.ts'

/** Enough for a verdict after a few hundred users: what is shown here is the way, not the statistics. */
const errors = 'errors: { kind: errors, marginAbsolute: 40% }'

/** On a machine that has much else to do. */
const patienceMs = 180_000

/** What a service on a stage is told besides. */
export interface ActorOptions extends ServiceFileOptions {
  /** More metrics, inside the braces. */
  readonly metrics?: string
}

/** One service of a stage, under a load that never stops. */
export interface Actor {
  readonly name: string
  readonly client: Client
  readonly address: string
  readonly load: Load
  /** Its latest rollout, or the one with this id. */
  rollout(id?: string): Promise<Rollout>
  version(name: string): Promise<VersionStatus>
  /** Waits until its latest rollout is as described. */
  rolloutIs(what: string, holds: (rollout: Rollout) => boolean): Promise<Rollout>
  /** What the journal tells of a rollout, in order, without its verdicts: `promote`, `watching 1`, `rolled-back (aborted)`. */
  story(id: string): Promise<readonly string[]>
}

/** One control plane and several services that do not know of each other; nothing of it is left behind. */
export interface Stage extends AsyncDisposable {
  readonly controlPlane: ControlPlane
  readonly client: Client
  /** Applies the file with these services instead. */
  apply(services: Readonly<Record<string, ActorOptions>>): Promise<void>
  actor(name: string): Actor
}

/** Opens a stage: every service serves its stable version under load. `more` are arguments for "serin up". */
export async function openStage(
  services: Readonly<Record<string, ActorOptions>>,
  rate = 60,
  more: readonly string[] = [],
): Promise<Stage> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'serin-stage-'))
  const controlPlane = new ControlPlane(dataDirectory, ...more)
  const actors = new Map<string, Actor>()
  const close = async (): Promise<void> => {
    for (const { load } of actors.values()) await load[Symbol.asyncDispose]()
    await controlPlane.end()
    rmSync(dataDirectory, { recursive: true, force: true })
  }
  try {
    const client = await controlPlane.start()
    const apply = async (wanted: Readonly<Record<string, ActorOptions>>): Promise<void> => {
      const all = Object.entries(wanted).map(([name, { metrics, more = '', ...options }]) => {
        const watched = metrics === undefined ? errors : `${errors}, ${metrics}`
        const always = `    metrics: { ${watched} }\n    drain: 2s\n`
        return [name, { replicas: 1, readyWithin: '60s', ...options, more: always + more }]
      })
      await client.applyFile({ text: servicesFile(Object.fromEntries(all)), baseDirectory: dataDirectory })
    }
    await apply(services)
    const opening = Object.keys(services).map(async (name) => actors.set(name, await openActor(name, client, rate)))
    // All of them, so that a load that started is ended with the stage although another did not.
    const failed = (await Promise.allSettled(opening)).find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return {
      controlPlane,
      client,
      apply,
      actor(name) {
        const actor = actors.get(name)
        if (actor === undefined) throw new Error(`no service ${name} on this stage`)
        return actor
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openActor(name: string, client: Client, rate: number): Promise<Actor> {
  const address = await until(`${name} to serve`, async () => {
    const { address: known } = await client.getService({ service: name })
    return known !== null && (await fetch(known)).ok ? known : null
  })
  const rollout = async (id = name): Promise<Rollout> => await client.getRollout({ rollout: id })
  return {
    name,
    client,
    address,
    load: await startLoad(address, { rate, users: 5_000, connections: 8 }),
    rollout,
    async version(wanted) {
      const { versions } = await client.getService({ service: name })
      const found = versions.find((version) => version.name === wanted)
      if (found === undefined) throw new Error(`${name} has no ${wanted}`)
      return found
    },
    async rolloutIs(what, holds) {
      return await until(
        `${name} to be ${what}`,
        async () => {
          const now = await rollout()
          if (!holds(now)) throw new Error(`it is ${now.phase}, step ${now.step}: ${now.sentence}`)
          return now
        },
        patienceMs,
      )
    },
    async story(id) {
      const { entries } = await client.journal({ stream: `rollout/${id}`, limit: 1_000 })
      return entries.filter(({ kind }) => kind !== 'rollout.judged').map(({ kind, data }) => told(kind, data))
    },
  }
}

function told(kind: string, { to, step, reason }: Readonly<Record<string, unknown>>): string {
  if (kind !== 'rollout.moved') return kind.replace('rollout.', '')
  const at = typeof step === 'number' ? ` ${step}` : ''
  return `${String(to)}${at}${typeof reason === 'string' ? ` (${reason})` : ''}`
}
