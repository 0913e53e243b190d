import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { rolloutArgument } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'
import { explainLines } from '../view/explain.ts'

export const explain = defineCommand({
  name: 'explain',
  group: 'Look',
  summary: 'Why is a rollout where it is? With numbers.',
  description:
    'One paragraph, then for each metric: estimate, interval, evidence against its threshold, counts, what is missing, and whether the guarantee is exact.',
  arguments: { rollout: rolloutArgument },
  examples: [
    { line: 'serin explain shop', does: 'The latest rollout of a service' },
    { line: 'serin explain shop-2', does: 'An earlier one, as it was decided' },
  ],
  async run(call) {
    const { client } = connect(call)
    const rollout = await rolloutNamed(client, call.args.rollout)
    call.out.result(rollout, (paper) => explainLines(rollout, { ...paper, width: Math.min(paper.width, 100) }))
    return exitCodes.done
  },
})
