import { SerinError, type ReleaseAsked } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { releaseCodeOf, releaseEndingLines, waitForRelease } from '../release-wait.ts'
import { sayRelease } from '../said.ts'
import { timeoutOption, whyOption } from '../shared-options.ts'
import { timeoutOf } from '../wait.ts'

export const releaseSet = defineCommand({
  name: 'release-set',
  group: 'Release',
  summary: 'Release several services as one.',
  description:
    'Each member starts when the one before is promoted; with --together all start at once. When one of them is rolled back, all go back, those that were promoted as well, the last first. With --wait the exit code says how it ended: 0 all promoted, 1 wrong usage or failure, also when not all could go back, 2 all back, 3 not over within the timeout.',
  arguments: {
    members: {
      description: 'SERVICE=VERSION, two or more, in the order in which they go.',
      required: true,
      many: true,
    },
  },
  options: {
    together: { description: 'Start all at once.' },
    wait: { description: 'Wait until all are promoted or all are back, with progress.' },
    timeout: timeoutOption,
    hotfix: { description: 'Do not wait for a freeze to end.' },
    why: whyOption,
  },
  examples: [
    { line: 'serin release-set api=v2 web=v5', does: 'The web when the api is promoted' },
    { line: 'serin release-set api=v2 web=v5 --together --wait', does: 'In CI: both at once, all or nothing' },
    { line: 'serin abort release:1', does: 'Take every member of it back' },
  ],
  async run(call) {
    const { args, options, out, world } = call
    const timeoutMs = timeoutOf(options.timeout)
    const connection = connect(call)
    const started = await connection.client.startRelease({
      members: args.members.map(memberOf),
      order: options.together ? 'together' : 'sequence',
      hotfix: options.hotfix,
      why: options.why ?? '',
    })
    if (!options.wait) {
      sayRelease(out, started, `Look: serin get releases ${started.id} · stop all: serin abort ${started.id}`)
      return exitCodes.done
    }
    const { ending, release } = await waitForRelease({ connection, release: started, timeoutMs, world, out })
    sayRelease(out, release, ...releaseEndingLines(ending, release))
    return releaseCodeOf(ending)
  },
})

function memberOf(word: string): ReleaseAsked['members'][number] {
  const [, service, to] = /^([^=]+)=([^=]+)$/.exec(word) ?? []
  if (service === undefined || to === undefined)
    throw new SerinError('usage.invalid', `"${word}" names no version; expected SERVICE=VERSION, such as api=v2.`)
  return { service, to }
}
