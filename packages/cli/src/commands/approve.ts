import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'

export const approve = defineCommand({
  name: 'approve',
  group: 'Release',
  summary: 'Say yes to the gate that waits for people.',
  description:
    'Each person counts once, by the token in use ("serin token create" makes one for everybody). "serin get gates" lists what waits.',
  arguments: { rollout: { ...rolloutArgument, completes: 'gates' } },
  options: { why: whyOption },
  examples: [{ line: 'serin approve shop --why "read the report"', does: 'Your yes; it may take others too' }],
  async run(call) {
    const { client } = connect(call)
    const { id } = await rolloutNamed(client, call.args.rollout)
    const after = await client.approve({ rollout: id, why: call.options.why ?? '' })
    const { gate } = after
    const more = gate?.people == null ? 0 : gate.people - gate.approvals.length
    sayRollout(call.out, after, ...(more > 0 ? [`${more} more ${more === 1 ? 'person has' : 'people have'} to.`] : []))
    return exitCodes.done
  },
})
