import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { serviceArgument, whyOption } from '../shared-options.ts'
import { serviceNamed } from '../target.ts'

export const undo = defineCommand({
  name: 'undo',
  group: 'Release',
  summary: 'Go back to the version that was stable before.',
  description:
    'During a rollout it aborts it. After one, the version before takes all traffic as soon as it is ready: within a second while it is still warm.',
  arguments: { service: serviceArgument },
  options: {
    to: { value: 'version', description: 'An earlier stable version.', completes: 'versions' },
    why: whyOption,
  },
  examples: [
    { line: 'serin undo shop', does: 'Go back to the version before' },
    { line: 'serin undo shop --to v1 --why "v2 loses carts"', does: 'Go back further' },
  ],
  async run(call) {
    const { to, why = '' } = call.options
    const { client } = connect(call)
    const service = await serviceNamed(client, call.args.service)
    const started = await client.undo({ service, why, ...(to === undefined ? {} : { to }) })
    sayRollout(call.out, started, `Look: serin watch ${service}`)
    return exitCodes.done
  },
})
