import { SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect, type Connection } from '../connection.ts'
import type { Output } from '../output.ts'
import { wholeNumber } from '../whole-number.ts'
import { journalTable, rolloutTable, serviceTable, versionTable, type OwnedVersion } from '../view/lists.ts'
import { gateTable, waitingGates } from '../view/gates.ts'
import { isAboutService } from '../view/journal-words.ts'
import { releaseTable } from '../view/releases.ts'
import { isReleaseId } from '../target.ts'

const kinds = ['services', 'rollouts', 'releases', 'gates', 'versions', 'journal'] as const
type Kind = (typeof kinds)[number]
/** The short and singular words people type. */
const aliases = {
  service: 'services',
  svc: 'services',
  rollout: 'rollouts',
  ro: 'rollouts',
  release: 'releases',
  gate: 'gates',
  version: 'versions',
} as const

export const get = defineCommand({
  name: 'get',
  group: 'Look',
  formats: ['name'],
  summary: 'List services, rollouts, versions, gates or the journal.',
  arguments: {
    kind: {
      description: 'services, rollouts, releases, gates, versions or journal.',
      required: true,
      choices: kinds,
      aliases,
    },
    name: {
      description:
        'A service; for rollouts and journal also the id of a rollout, for releases and journal that of a coupled release.',
      completes: 'targets',
    },
  },
  options: {
    limit: {
      short: 'n',
      value: 'number',
      description: 'How many, newest first; the journal shows them oldest first.',
      default: '20',
    },
  },
  examples: [
    { line: 'serin get services', does: 'Every service, what is stable, what is under way' },
    { line: 'serin get versions shop -o wide', does: 'With latencies, CPU, memory and addresses' },
    { line: 'serin get rollouts shop -n 5', does: 'The last five rollouts of a service' },
    { line: 'serin get rollouts shop -o name', does: 'Only their names, one a line, for scripts' },
    { line: 'serin get gates', does: 'What releases wait for, people first' },
    { line: 'serin get releases release:1', does: 'One coupled release, member by member' },
    { line: 'serin get journal shop-3 -o json', does: 'Everything about one rollout, for a program' },
  ],
  async run(call) {
    const { args, options, out } = call
    const limit = wholeNumber(options.limit, { name: '--limit', from: 1, to: 1_000 })
    await listers[args.kind as Kind]({ connection: connect(call), name: args.name, limit, out })
    return exitCodes.done
  },
})

interface Asked {
  readonly connection: Connection
  readonly name: string | undefined
  readonly limit: number
  readonly out: Output
}

const listers: Readonly<Record<Kind, (asked: Asked) => Promise<void>>> = {
  async services({ connection: { client }, name, limit, out }) {
    const all =
      name === undefined ? (await client.listServices({})).services : [await client.getService({ service: name })]
    const services = all.slice(0, limit)
    out.result({ services }, (paper, wide) => orNone(services, 'service', () => serviceTable(services, paper, wide)))
  },
  async rollouts({ connection: { client }, name, limit, out }) {
    const { rollouts } = await rolloutsNamed(client, name, limit)
    out.result({ rollouts }, (paper, wide) =>
      orNone(rollouts, 'rollout', () => rolloutTable(rollouts, { paper, wide, now: Date.now() })),
    )
  },
  async releases({ connection: { client }, name, limit, out }) {
    const { releases } =
      name === undefined
        ? await client.listReleases({ limit: Math.min(limit, 200) })
        : { releases: [await client.getRelease({ release: name })] }
    out.result({ releases }, (paper, wide) =>
      orNone(releases, 'release', () => releaseTable(releases, { paper, wide, now: Date.now() })),
    )
  },
  async gates({ connection: { client }, name, limit, out }) {
    const all =
      name === undefined ? (await client.listServices({})).services : [await client.getService({ service: name })]
    const gates = waitingGates(all).slice(0, limit)
    out.result({ gates }, (paper) => (gates.length === 0 ? ['No gate waits.'] : gateTable(gates, paper, Date.now())))
    // People come first in the list: where the first asks nobody, none does.
    if (gates[0]?.people != null) out.note(`Say yes: serin approve ${gates[0].service}`)
  },
  async versions({ connection: { client }, name, limit, out }) {
    const services =
      name === undefined ? (await client.listServices({})).services : [await client.getService({ service: name })]
    const versions: readonly OwnedVersion[] = services
      .flatMap((service) => service.versions.map((version) => ({ service: service.name, ...version })))
      .slice(0, limit)
    out.result({ versions }, (paper, wide) => orNone(versions, 'version', () => versionTable(versions, paper, wide)))
  },
  async journal({ connection: { client }, name, limit, out }) {
    const entries = await journalAbout(client, name, limit)
    out.result({ entries }, (paper, wide) => orNone(entries, 'entry', () => journalTable(entries, paper, wide)))
  },
}

async function rolloutsNamed(client: Connection['client'], name: string | undefined, limit: number) {
  if (name === undefined) return await client.listRollouts({ limit })
  try {
    return await client.listRollouts({ limit, service: name })
  } catch (error) {
    if (!(error instanceof SerinError) || error.code !== 'service.not-found') throw error
    return { rollouts: [await client.getRollout({ rollout: name })] }
  }
}

/** Newest entries about a service (its rollouts included) or about one rollout, oldest first. */
async function journalAbout(client: Connection['client'], name: string | undefined, limit: number) {
  if (name === undefined) return oldestFirst((await client.journal({ newest: 'true', limit })).entries)
  if (isReleaseId(name))
    return oldestFirst((await client.journal({ newest: 'true', limit, stream: `release/${name}` })).entries)
  const { services } = await client.listServices({})
  if (services.some((service) => service.name === name)) {
    const { entries } = await client.journal({ newest: 'true', limit: 1_000 })
    return oldestFirst(entries.filter((entry) => isAboutService(entry, name)).slice(0, limit))
  }
  const { id } = await client.getRollout({ rollout: name })
  return oldestFirst((await client.journal({ newest: 'true', limit, stream: `rollout/${id}` })).entries)
}

function oldestFirst<T extends { readonly seq: number }>(entries: readonly T[]): readonly T[] {
  return entries.toSorted((a, b) => a.seq - b.seq)
}

function orNone(rows: readonly unknown[], noun: string, lines: () => readonly string[]): readonly string[] {
  return rows.length === 0 ? [`No ${noun} yet.`] : lines()
}
