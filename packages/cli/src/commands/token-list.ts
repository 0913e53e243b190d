import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { tokenTable } from '../view/tokens.ts'

export const tokenList = defineCommand({
  name: 'token list',
  group: 'More',
  summary: 'List the tokens that were made, without their secrets.',
  description: 'The token of the data directory is not among them: it is always there. Needs an admin.',
  examples: [{ line: 'serin token list', does: 'Who has a token, and what it may do' }],
  async run(call) {
    const { tokens } = await connect(call).client.listTokens({})
    call.out.result({ tokens }, (paper) =>
      tokens.length === 0 ? ['No token yet but that of the data directory.'] : tokenTable(tokens, paper, Date.now()),
    )
    return exitCodes.done
  },
})
