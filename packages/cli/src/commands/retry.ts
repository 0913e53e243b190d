import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'

export const retry = defineCommand({
  name: 'retry',
  group: 'Release',
  summary: 'Start a rolled-back rollout again.',
  description: 'The same version from the first step, with new evidence.',
  arguments: { rollout: rolloutArgument },
  options: { why: whyOption },
  examples: [{ line: 'serin retry shop', does: 'Try the same version once more' }],
  async run(call) {
    const { client } = connect(call)
    const { id, service } = await rolloutNamed(client, call.args.rollout)
    const after = await client.retry({ rollout: id, why: call.options.why ?? '' })
    sayRollout(call.out, after, `Look: serin watch ${service}`)
    return exitCodes.done
  },
})
