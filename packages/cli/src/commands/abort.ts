import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'

export const abort = defineCommand({
  name: 'abort',
  group: 'Release',
  summary: 'Send all traffic back to stable at once.',
  description: 'Works in the middle of a step and in the middle of a promotion. It needs no evidence.',
  arguments: { rollout: rolloutArgument },
  options: { why: whyOption },
  examples: [{ line: 'serin abort shop --why "complaints"', does: 'Go back, and say why' }],
  async run(call) {
    const { client } = connect(call)
    const { id, service } = await rolloutNamed(client, call.args.rollout)
    const after = await client.abort({ rollout: id, why: call.options.why ?? '' })
    sayRollout(call.out, after, `Why and when: serin explain ${id} · again: serin retry ${service}`)
    return exitCodes.done
  },
})
