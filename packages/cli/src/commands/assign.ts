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
    'The decision a router takes with the table that is asked for right now: rules first, then the override header, then the hash. Nothing is sent, and nothing is looked up: say the country and the claims of a token yourself.',
  arguments: { service: serviceArgument },
  options: {
    unit: { value: 'id', description: 'Whose request it is, such as a user id.' },
    header: { value: 'name: value', many: true, description: 'A header of the request; can be given several times.' },
    cookie: { value: 'name=value', many: true, description: 'A cookie of the request; can be given several times.' },
    country: { value: 'code', description: 'Where the client is, such as NO.' },
    claim: { value: 'name=value', many: true, description: 'A claim of its token; can be given several times.' },
    target: { value: 'path', description: 'Path and query of the request.' },
    address: { value: 'address', description: 'Address of the client.' },
  },
  examples: [
    { line: 'serin assign shop --unit user-42', does: 'A user' },
    { line: 'serin assign shop --cookie uid=user-42 --country NO --target /search?q=a', does: 'A whole request' },
  ],
  async run(call) {
    const { options, out } = call
    const { client } = connect(call)
    const service = await serviceNamed(client, call.args.service)
    const { unit, header = [], cookie = [], claim = [], country, target, address } = options
    for (const each of cookie) pairOf('--cookie', each)
    const explained = await client.assignment({
      service,
      unit,
      headers: headersOf(header, cookie),
      target,
      address,
      country,
      claims: Object.fromEntries(claim.map((each) => pairOf('--claim', each))),
    })
    out.result(explained, (paper) => assignmentLines(explained, paper))
    return exitCodes.done
  },
})

function headersOf(headers: readonly string[], cookies: readonly string[]): Record<string, string> {
  const all: Record<string, string> = {}
  const add = (name: string, value: string, separator: string): void => {
    all[name] = all[name] === undefined ? value : `${all[name]}${separator}${value}`
  }
  for (const text of headers) {
    const end = text.indexOf(':')
    if (end < 1) throw new SerinError('usage.invalid', `--header expects "name: value", got "${text}".`)
    const name = text.slice(0, end).trim().toLowerCase()
    add(name, text.slice(end + 1).trim(), name === 'cookie' ? '; ' : ', ')
  }
  for (const cookie of cookies) add('cookie', cookie, '; ')
  return all
}

function pairOf(option: string, text: string): readonly [name: string, value: string] {
  const end = text.indexOf('=')
  if (end < 1) throw new SerinError('usage.invalid', `${option} expects "name=value", got "${text}".`)
  return [text.slice(0, end), text.slice(end + 1)]
}
