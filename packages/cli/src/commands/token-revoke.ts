import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { whyOption } from '../shared-options.ts'

export const tokenRevoke = defineCommand({
  name: 'token revoke',
  group: 'More',
  summary: 'Take a token back, at once.',
  description: 'Its next request is refused, and what it watches ends. Needs an admin.',
  arguments: { name: { description: 'The name of the token.', required: true } },
  options: { why: whyOption },
  examples: [{ line: 'serin token revoke ada --why "left the team"', does: 'ada may do nothing any more' }],
  async run(call) {
    const { args, options, out } = call
    const token = await connect(call).client.revokeToken({ name: args.name, why: options.why ?? '' })
    out.result(token, (paper) => [`${paper.ink('safe', '●')} The token of ${token.name} is good no more.`])
    return exitCodes.done
  },
})
