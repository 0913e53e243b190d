import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { rolloutArgument, whyOption } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'
import { stepNumber } from '../whole-number.ts'

export const jump = defineCommand({
  name: 'jump',
  group: 'Release',
  summary: 'Go to another step, forward or back.',
  description:
    'The share of that step is asked for at once, and its evidence time begins anew. With --step nothing happens when the rollout is at another step by now.',
  arguments: { rollout: rolloutArgument },
  options: {
    to: { value: 'number', description: 'The step to go to, from 1.', required: true },
    step: { value: 'number', description: 'The step you saw, from 1.' },
    why: whyOption,
  },
  examples: [{ line: 'serin jump shop --to 1 --why "look at fewer users first"', does: 'Back to the first step' }],
  async run(call) {
    const { options } = call
    const [to, seenStep] = [stepNumber(options.to), options.step === undefined ? null : stepNumber(options.step)]
    const { client } = connect(call)
    const { id, service } = await rolloutNamed(client, call.args.rollout)
    const after = await client.jump({ rollout: id, to, seenStep, why: options.why ?? '' })
    sayRollout(call.out, after, `Look: serin watch ${service}`)
    return exitCodes.done
  },
})
