import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'

/** Names for the shell; silent about everything else, because a person is in the middle of a line. */
export const complete = defineCommand({
  name: '__complete',
  group: 'More',
  summary: 'Names for shell completion.',
  hidden: true,
  arguments: {
    kind: { description: 'What is completed.', required: true, choices: ['services', 'versions', 'rollouts'] },
    service: { description: 'Only versions of this service.' },
  },
  examples: [],
  async run(call) {
    const { args, world } = call
    try {
      const { services } = await connect(call).client.listServices({}, AbortSignal.timeout(2_000))
      const names = services.map((service) => service.name)
      const own = services.filter((service) => service.name === args.service)
      const found =
        args.kind === 'services'
          ? names
          : args.kind === 'rollouts'
            ? [...names, ...services.flatMap(({ rollout }) => (rollout === null ? [] : [rollout.id]))]
            : (own.length > 0 ? own : services).flatMap((service) => service.versions.map((version) => version.name))
      for (const name of new Set(found)) world.stdout.write(`${name}\n`)
    } catch {
      // Nothing to offer.
    }
    return exitCodes.done
  },
})
