import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { serviceArgument, timeoutOption, whyOption } from '../shared-options.ts'
import { serviceNamed } from '../target.ts'
import { codeOf, endingLines, queuedRollout, timeoutOf, waitForEnd } from '../wait.ts'

export const release = defineCommand({
  name: 'release',
  group: 'Release',
  summary: 'Move traffic to a version, step by step.',
  description:
    'Each step waits for evidence; when the version hurts, all traffic goes back by itself. With --wait the exit code says how it ended: 0 promoted, 1 wrong usage or failure, 2 rolled back, 3 not over within the timeout. SERVICE may be left out when there is only one.',
  arguments: { service: serviceArgument },
  options: {
    to: { value: 'version', description: 'The version to release.', required: true, completes: 'versions' },
    rival: {
      value: 'versions',
      description: 'A/B: more versions that want stable’s place, with commas between.',
    },
    wait: { description: 'Wait until it is promoted or rolled back, with progress.' },
    timeout: timeoutOption,
    supersede: { description: 'Take the place of a rollout under way, whatever the service says.' },
    queue: { description: 'Wait until the rollout under way is over.' },
    hotfix: { description: 'Do not wait for a freeze to end.' },
    why: whyOption,
  },
  examples: [
    { line: 'serin release shop --to v2', does: 'Start, and come back at once' },
    { line: 'serin release shop --to v2 --wait --timeout 45m', does: 'In CI: fail the job when it is rolled back' },
    { line: 'serin release shop --to v3 --queue', does: 'After the rollout under way' },
    { line: 'serin release --to v3 --supersede --why "fix for v2"', does: 'Replace the rollout under way' },
  ],
  async run(call) {
    const { options, out, world } = call
    const timeoutMs = timeoutOf(options.timeout)
    const connection = connect(call)
    const service = await serviceNamed(connection.client, call.args.service)
    const started = await connection.client.release({
      service,
      to: options.to,
      ...(options.supersede ? { onActive: 'supersede' } : options.queue ? { onActive: 'queue' } : {}),
      hotfix: options.hotfix,
      rivals: options.rival === undefined ? [] : options.rival.split(','),
      why: options.why ?? '',
    })
    // The answer is the rollout that is waited for.
    const waits = started.canary !== options.to && started.stable !== options.to
    if (waits) out.note(`${options.to} waits until ${started.id} (${started.canary}) is over.`)
    if (!options.wait) {
      sayRollout(out, started, `Look: serin watch ${service}`)
      return exitCodes.done
    }
    if (waits) out.working(`Waiting until ${options.to} begins`)
    const own = waits ? await queuedRollout({ connection, service, to: options.to, timeoutMs, world }) : started
    if (own === null) {
      out.note(`It still waits. Look: serin status ${service}`)
      return exitCodes.timedOut
    }
    const { ending, rollout } = await waitForEnd({ connection, rollout: own, timeoutMs, world, out })
    sayRollout(out, rollout, ...endingLines(ending, rollout))
    return codeOf(ending)
  },
})
