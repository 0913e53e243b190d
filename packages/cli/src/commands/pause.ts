import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRelease, sayRollout } from '../said.ts'
import { rolloutOrReleaseArgument, whyOption } from '../shared-options.ts'
import { isReleaseId, rolloutNamed } from '../target.ts'

export const pause = defineCommand({
  name: 'pause',
  group: 'Release',
  summary: 'Hold a rollout where it is.',
  description: 'Traffic stays as it is until somebody resumes, promotes or aborts. Proved harm still rolls it back.',
  arguments: { rollout: rolloutOrReleaseArgument },
  options: { why: whyOption },
  examples: [{ line: 'serin pause shop --why "lunch"', does: 'Stay at this step' }],
  async run(call) {
    const { client } = connect(call)
    const { args, options, out } = call
    const why = options.why ?? ''
    if (isReleaseId(args.rollout)) {
      sayRelease(out, await client.pauseRelease({ release: args.rollout, why }), `Go on: serin resume ${args.rollout}`)
      return exitCodes.done
    }
    const { id, service } = await rolloutNamed(client, args.rollout)
    const after = await client.pause({ rollout: id, why })
    sayRollout(out, after, `Go on: serin resume ${service}`)
    return exitCodes.done
  },
})
