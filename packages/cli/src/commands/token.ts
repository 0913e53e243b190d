import { SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { dataDirectoryOf, tokenFileOf, tokenOf } from '../data-directory.ts'

export const token = defineCommand({
  name: 'token',
  group: 'More',
  summary: 'Say where the token is; with --show, the token.',
  description:
    'The token of the data directory is that of the admin; the CLI finds it by itself. Whoever has a token of their own puts it into SERIN_TOKEN, or the name of its file into SERIN_TOKEN_FILE, and acts by that name and role from then on; SERIN_URL says where, when there is no data directory to look in.',
  options: { show: { description: 'Print the secret.' } },
  examples: [
    { line: 'serin token', does: 'Where the token file is' },
    { line: 'SERIN_TOKEN_FILE=ada.token serin pause shop', does: 'Act as ada' },
    { line: 'export SERIN_TOKEN="$(serin token --show)"', does: 'Use it for another client' },
  ],
  async run({ options, globals, world, out }) {
    const dataDirectory = dataDirectoryOf(world, globals.data)
    const file = tokenFileOf(dataDirectory)
    const secret = tokenOf(dataDirectory)
    if (secret === null)
      throw new SerinError(
        'control-plane.unreachable',
        `There is no token in ${dataDirectory}: it is made at the first start.`,
      )
    out.result(options.show ? { file, token: secret } : { file }, () => [options.show ? secret : file])
    return await Promise.resolve(exitCodes.done)
  },
})
