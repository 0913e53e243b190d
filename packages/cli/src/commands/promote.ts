import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'
import { stepNumber } from '../whole-number.ts'

export const promote = defineCommand({
  name: 'promote',
  group: 'Release',
  summary: 'Go to the next step now, or to the end.',
  description:
    'A person decides instead of the evidence. With --step nothing happens when the rollout is at another step by now: what you looked at is what you approve.',
  arguments: { rollout: rolloutArgument },
  options: {
    full: { description: 'Skip all steps: the new version takes everything.' },
    step: { value: 'number', description: 'The step you saw, from 1.' },
    why: whyOption,
  },
  examples: [
    { line: 'serin promote shop --step 2 --why "looks good"', does: 'Go on from step 2' },
    { line: 'serin promote shop --full', does: 'Skip what is left' },
  ],
  async run(call) {
    const { options } = call
    const seenStep = options.step === undefined ? null : stepNumber(options.step)
    const { client } = connect(call)
    const { id, service } = await rolloutNamed(client, call.args.rollout)
    const after = await client.promote({ rollout: id, full: options.full, seenStep, why: options.why ?? '' })
    sayRollout(call.out, after, `Look: serin watch ${service}`)
    return exitCodes.done
  },
})
