import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { waitingGates } from '../view/gates.ts'

const kinds = ['services', 'versions', 'rollouts', 'targets', 'gates'] as const
type Kind = (typeof kinds)[number]

/** Names for the shell; silent about everything else, because a person is in the middle of a line. */
export const complete = defineCommand({
  name: '__complete',
  group: 'More',
  summary: 'Names for shell completion.',
  hidden: true,
  arguments: {
    kind: { description: 'What is completed.', required: true, choices: kinds },
    service: { description: 'Only versions of this service.' },
  },
  examples: [],
  async run(call) {
    const { args, world, globals } = call
    try {
      const { client } = connect({ world, globals })
      const signal = AbortSignal.timeout(2_000)
      const { services } = await client.listServices({}, signal)
      const names = services.map((service) => service.name)
      const own = services.filter((service) => service.name === args.service)
      const rollouts = async () => (await client.listRollouts({ limit: 50 }, signal)).rollouts.map(({ id }) => id)
      const releases = async () => (await client.listReleases({ limit: 20 }, signal)).releases.map(({ id }) => id)
      const versions = (own.length > 0 ? own : services).flatMap((service) => service.versions.map(({ name }) => name))
      const found: Readonly<Record<Kind, () => Promise<readonly string[]> | readonly string[]>> = {
        services: () => names,
        versions: () => versions,
        gates: () => waitingGates(services).flatMap(({ service, people }) => (people === null ? [] : [service])),
        rollouts: async () => [...names, ...(await rollouts())],
        targets: async () => [...names, ...(await rollouts()), ...(await releases())],
      }
      for (const name of new Set(await found[args.kind as Kind]())) world.stdout.write(`${name}\n`)
    } catch {
      // Nothing to offer.
    }
    return exitCodes.done
  },
})
