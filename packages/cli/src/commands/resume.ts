import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRelease, sayRollout } from '../said.ts'
import { rolloutOrReleaseArgument, whyOption } from '../shared-options.ts'
import { isReleaseId, rolloutNamed } from '../target.ts'

export const resume = defineCommand({
  name: 'resume',
  group: 'Release',
  summary: 'Let a held rollout go on.',
  arguments: { rollout: rolloutOrReleaseArgument },
  options: { why: whyOption },
  examples: [{ line: 'serin resume shop', does: 'Go on from where it was held' }],
  async run(call) {
    const { client } = connect(call)
    const { args, options, out } = call
    const why = options.why ?? ''
    if (isReleaseId(args.rollout)) {
      sayRelease(
        out,
        await client.resumeRelease({ release: args.rollout, why }),
        `Look: serin get releases ${args.rollout}`,
      )
      return exitCodes.done
    }
    const { id, service } = await rolloutNamed(client, args.rollout)
    const after = await client.resume({ rollout: id, why })
    sayRollout(out, after, `Look: serin watch ${service}`)
    return exitCodes.done
  },
})
