import { SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { serviceArgument } from '../shared-options.ts'
import { serviceNamed } from '../target.ts'
import { planLines, planMarkdown } from '../view/plan.ts'

export const plan = defineCommand({
  name: 'plan',
  group: 'Release',
  summary: 'Say what a release would do, before it does anything.',
  description:
    'When each share comes at the earliest and likely, how many requests it means, and what harm would be seen: from the traffic of the last ten seconds, or from what you say. The engine itself is played on expected counts; nothing starts.',
  arguments: { service: serviceArgument },
  options: {
    to: { value: 'version', description: 'The version to release.', required: true, completes: 'versions' },
    rate: { value: 'number', description: 'Requests per second, instead of those observed.' },
    errors: { value: 'percent', description: 'Failures of stable in percent, instead of those observed.' },
    users: { value: 'number', description: 'How many users there are, to say how many are exposed.' },
    markdown: { description: 'Print Markdown, to post on a pull request.' },
  },
  examples: [
    { line: 'serin plan shop --to v2', does: 'With the traffic there is' },
    { line: 'serin plan shop --to v2 --rate 20 --errors 0.5 --users 40000', does: 'With traffic you expect' },
    { line: 'serin plan shop --to v2 --markdown >> "$GITHUB_STEP_SUMMARY"', does: 'In CI' },
  ],
  async run(call) {
    const { options, out, world } = call
    const { client } = connect(call)
    const service = await serviceNamed(client, call.args.service)
    out.working(`Playing the release of ${options.to} on expected traffic`)
    const forecast = await client.plan({
      service,
      to: options.to,
      requestsPerSecond: numberOf('--rate', options.rate),
      errorPercent: numberOf('--errors', options.errors),
      users: numberOf('--users', options.users),
    })
    if (options.markdown) world.stdout.write(`${planMarkdown(forecast).join('\n')}\n`)
    else out.result(forecast, (paper) => planLines(forecast, paper))
    return exitCodes.done
  },
})

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text.replace(/%$/, ''))
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number
  throw new SerinError('usage.invalid', `${name} expects a number, got "${text}".`)
}
