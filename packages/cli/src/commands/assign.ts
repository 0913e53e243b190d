import { SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { serviceArgument } from '../shared-options.ts'
import { serviceNamed } from '../target.ts'
import { assignmentLines } from '../view/assignment.ts'

export const assign = defineCommand({
  name: 'assign',
  group: 'Look',
  summary: 'Which version does a user get, and why?',
  description:
    'The decision a router takes with the table that is asked for right now: rules first, then the override header, then the hash. Nothing is sent.',
  arguments: { service: serviceArgument },
  options: {
    unit: { value: 'id', description: 'Whose request it is, such as a user id.' },
    header: { value: 'name: value', description: 'A header of the request.' },
    target: { value: 'path', description: 'Path and query of the request.' },
    address: { value: 'address', description: 'Address of the client.' },
  },
  examples: [
    { line: 'serin assign shop --unit user-42', does: 'A user' },
    { line: 'serin assign shop --header cookie:uid=user-42 --target /search?q=a', does: 'A whole request' },
  ],
  async run(call) {
    const { options, out } = call
    const { client } = connect(call)
    const service = await serviceNamed(client, call.args.service)
    const { unit, header, target, address } = options
    const explained = await client.assignment({
      service,
      unit,
      headers: header === undefined ? undefined : headersOf(header),
      target,
      address,
    })
    out.result(explained, (paper) => assignmentLines(explained, paper))
    return exitCodes.done
  },
})

function headersOf(text: string): Record<string, string> {
  const end = text.indexOf(':')
  if (end < 1) throw new SerinError('usage.invalid', `--header expects "name: value", got "${text}".`)
  return { [text.slice(0, end).trim().toLowerCase()]: text.slice(end + 1).trim() }
}
