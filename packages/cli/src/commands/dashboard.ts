import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'

export const dashboard = defineCommand({
  name: 'dashboard',
  group: 'Look',
  summary: 'Print a link that logs a browser in, once.',
  description:
    'Whoever opens the link is logged in as you, with your role, for a week. It is good once, for ten minutes. "Log out" in the dashboard, or taking your token back, ends it at once.',
  examples: [{ line: 'serin dashboard', does: 'A link to open in a browser on this machine' }],
  async run(call) {
    const connection = connect(call)
    const { path, expiresAt } = await connection.client.createLoginLink({})
    const link = `${connection.url}${path}`
    // Only the link goes to stdout: it can be given to a program that opens it.
    call.out.result({ link, expiresAt }, () => [link])
    call.out.note('Good once, for ten minutes. Whoever opens it is logged in as you.')
    return exitCodes.done
  },
})
