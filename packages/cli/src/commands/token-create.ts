import { parseDuration, Role, roles, SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { whyOption } from '../shared-options.ts'
import { until } from '../view/tokens.ts'

export const tokenCreate = defineCommand({
  name: 'token create',
  group: 'More',
  summary: 'Make a token for a person or a program; print its secret, once.',
  description:
    'A viewer reads; an operator also leads rollouts and approves; a deployer also applies files, releases and sends observations; an admin may do everything. Needs an admin.',
  arguments: { name: { description: 'Whose it is: who did it, in the journal.', required: true } },
  options: {
    role: { value: 'role', description: 'What it may do.', required: true, choices: roles },
    expires: { value: 'time', description: 'How long it is good for, such as 12h or 30d. Default: until revoked.' },
    why: whyOption,
  },
  examples: [
    { line: 'serin token create ada --role operator > ada.token', does: 'A token for ada, in a file' },
    { line: 'serin token create ci --role deployer --expires 90d', does: 'One for a job, for a quarter' },
  ],
  async run(call) {
    const { args, options, out } = call
    const made = await connect(call).client.createToken({
      name: args.name,
      role: Role.parse(options.role),
      expiresInMs: options.expires === undefined ? null : lifeMs(options.expires),
      why: options.why ?? '',
    })
    const { name, role } = made.token
    // Only the secret goes to stdout: it can be sent into a file.
    out.result(made, () => [made.secret])
    out.note(
      `This is the token of ${name}, with the role ${role}, good ${until(made.token)}. Nobody can show it again.`,
      `To use it: SERIN_TOKEN, or its file in SERIN_TOKEN_FILE. To take it back: serin token revoke ${name}`,
    )
    return exitCodes.done
  },
})

function lifeMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0)
    throw new SerinError('usage.invalid', `--expires is "${text}"; expected a time such as 12h or 30d (at most 400d).`)
  return ms
}
