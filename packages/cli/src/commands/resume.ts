import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'

export const resume = defineCommand({
  name: 'resume',
  group: 'Release',
  summary: 'Let a held rollout go on.',
  arguments: { rollout: rolloutArgument },
  options: { why: whyOption },
  examples: [{ line: 'serin resume shop', does: 'Go on from where it was held' }],
  async run(call) {
    const { client } = connect(call)
    const { id, service } = await rolloutNamed(client, call.args.rollout)
    const after = await client.resume({ rollout: id, why: call.options.why ?? '' })
    sayRollout(call.out, after, `Look: serin watch ${service}`)
    return exitCodes.done
  },
})
