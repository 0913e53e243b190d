import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRelease, sayRollout } from '../said.ts'
import { rolloutOrReleaseArgument, whyOption } from '../shared-options.ts'
import { isReleaseId, rolloutNamed } from '../target.ts'

export const abort = defineCommand({
  name: 'abort',
  group: 'Release',
  summary: 'Send all traffic back to stable at once.',
  description: 'Works in the middle of a step and in the middle of a promotion. It needs no evidence.',
  arguments: { rollout: rolloutOrReleaseArgument },
  options: { why: whyOption },
  examples: [
    { line: 'serin abort shop --why "complaints"', does: 'Go back, and say why' },
    { line: 'serin abort release:1', does: 'Take every member of a coupled release back' },
  ],
  async run(call) {
    const { client } = connect(call)
    const { args, options, out } = call
    const why = options.why ?? ''
    if (isReleaseId(args.rollout)) {
      sayRelease(
        out,
        await client.abortRelease({ release: args.rollout, why }),
        `Look: serin get releases ${args.rollout}`,
      )
      return exitCodes.done
    }
    const { id, service } = await rolloutNamed(client, args.rollout)
    const after = await client.abort({ rollout: id, why })
    sayRollout(out, after, `Why and when: serin explain ${id} · again: serin retry ${service}`)
    return exitCodes.done
  },
})
