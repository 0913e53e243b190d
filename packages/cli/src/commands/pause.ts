import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'

export const pause = defineCommand({
  name: 'pause',
  group: 'Release',
  summary: 'Hold a rollout where it is.',
  description: 'Traffic stays as it is until somebody resumes, promotes or aborts. Proved harm still rolls it back.',
  arguments: { rollout: rolloutArgument },
  options: { why: whyOption },
  examples: [{ line: 'serin pause shop --why "lunch"', does: 'Stay at this step' }],
  async run(call) {
    const { client } = connect(call)
    const { id, service } = await rolloutNamed(client, call.args.rollout)
    const after = await client.pause({ rollout: id, why: call.options.why ?? '' })
    sayRollout(call.out, after, `Go on: serin resume ${service}`)
    return exitCodes.done
  },
})
